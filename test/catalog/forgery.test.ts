// A client's own objects and settings must not change what the catalogue queries answer.
import { CatalogError } from "../../pkg/catalog/catalog-error.ts";
import { temporaryQuery } from "../../pkg/catalog/queries.ts";
import type { Snapshot } from "../../pkg/catalog/snapshot.ts";
import { ask, freshDatabase, load, majorOf, probe, type RealServer, realServer, resolution } from "./real-catalog.ts";

let server: RealServer;

beforeAll(async () => {
  server = await realServer();
  await freshDatabase(
    server,
    "catalog_forgery",
    'CREATE TABLE public.secret (id int PRIMARY KEY, ssn text); CREATE VIEW public.peek AS SELECT ssn FROM secret; CREATE TABLE public."жук" (i int)',
  );
});
afterAll(() => server.stop());

const forgeries: readonly (readonly [string, string])[] = [
  [
    "operators of the client's own in front of pg_catalog",
    `
    CREATE SCHEMA evil;
    CREATE FUNCTION evil.no("char", "char") RETURNS boolean LANGUAGE sql AS 'SELECT false';
    CREATE FUNCTION evil.no(int2, int4) RETURNS boolean LANGUAGE sql AS 'SELECT false';
    CREATE FUNCTION evil.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
    CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.no);
    CREATE OPERATOR evil.= (LEFTARG = "char", RIGHTARG = "char", FUNCTION = evil.no);
    CREATE OPERATOR evil.> (LEFTARG = int2, RIGHTARG = int4, FUNCTION = evil.no);
    CREATE FUNCTION evil.pg_get_viewdef(oid) RETURNS text LANGUAGE sql AS 'SELECT ''SELECT 1''::text';
    SET search_path = evil, pg_catalog, public`,
  ],
  [
    "temp tables named like catalogues, and types named like the server's",
    `
    CREATE TEMP TABLE pg_class (oid oid, relname name); CREATE TEMP TABLE pg_attribute (attrelid oid);
    CREATE DOMAIN public.int8 AS text; CREATE DOMAIN pg_temp.int8 AS text; SET search_path = pg_temp, public, pg_catalog`,
  ],
  [
    "an empty search_path and other settings",
    `
    SET search_path = ''; SET standard_conforming_strings = off; SET client_encoding = 'LATIN1'; SET enable_hashjoin = off;
    SET escape_string_warning = on; SET DateStyle = 'SQL, DMY'; SET bytea_output = 'escape'; SET transform_null_equals = on; SET row_security = off`,
  ],
];

test.each(forgeries)("%s change nothing", async (_, sql) => {
  const clean = await server.connect("catalog_forgery");
  const session = await server.connect("catalog_forgery");
  await session.query(sql);
  const [expected, seen] = [await load(clean), await load(session)];
  const strip = ({
    definition,
    printedUnder,
    ...rest
  }: {
    definition: string | null;
    printedUnder?: readonly string[];
  }) => ({
    ...rest,
    columns: (rest as { columns?: { defaultText: string | null }[] }).columns?.map((column) => ({
      ...column,
      defaultText: null,
      generated: null,
    })),
  });
  const stripped = (of: Snapshot) => [...of.relations()].sort((a, b) => a.oid - b.oid).map(strip);
  expect(stripped(seen)).toEqual(stripped(expected));
  expect(new Set(seen.casts())).toEqual(new Set(expected.casts()));
  const lower = (of: Snapshot) =>
    of
      .functionsNamed("pg_catalog", "lower")
      .map((info) => info.oid)
      .sort();
  expect(lower(seen)).toEqual(lower(expected));
  expect(seen.relationNamed("public", "peek")!.definition).toMatch(/ssn\s+FROM (public\.)?secret;/);
  expect(await probe(session)).toBe(await probe(clean));
});

test("a session that replaces the operators by which the server finds a view loads nothing, so it can poison nobody", async () => {
  const session = await server.connect("catalog_forgery");
  await session.query(`CREATE SCHEMA worse; CREATE FUNCTION worse.any(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR worse.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = worse.any)`);
  await expect(load(session)).resolves.toBeDefined();
  await session.query("CREATE TEMP VIEW own AS SELECT 1 AS one; SET search_path = worse, pg_catalog, public");
  await expect(load(session)).rejects.toThrow(CatalogError);
  const [own] = (await ask(session, temporaryQuery(await majorOf(session)))).map(([row]) => JSON.parse(row!));
  expect([own[2], own[9]]).toEqual(["own", null]);
});

test("a definition printed under an empty path is qualified, and the path says so", async () => {
  const session = await server.connect("catalog_forgery");
  await session.query("SET search_path = ''");
  const peek = (await load(session)).relationNamed("public", "peek")!;
  expect([peek.definition!.includes("public.secret"), peek.printedUnder]).toEqual([true, ["pg_catalog"]]);
});

test("resolution tells path, temp schema, role and settings as they are, under one key", async () => {
  const session = await server.connect("catalog_forgery");
  const plain = await resolution(session);
  expect(plain).toMatchObject({
    searchPath: ["pg_catalog", "public"],
    tempSchema: null,
    currentUser: "postgres",
    standardConformingStrings: true,
    clientEncoding: "UTF8",
  });
  await session.query(
    "DROP ROLE IF EXISTS reader; CREATE ROLE reader; CREATE SCHEMA IF NOT EXISTS other; SET search_path = other, nowhere, public; SET ROLE reader; SET standard_conforming_strings = off",
  );
  const changed = await resolution(session);
  expect(changed).toMatchObject({
    searchPath: ["pg_catalog", "public"],
    currentUser: "reader",
    standardConformingStrings: false,
  });
  expect(changed.key).not.toBe(plain.key);
  await session.query("RESET ROLE");
  expect((await resolution(session)).searchPath).toEqual(["pg_catalog", "other", "public"]);
});
