import type pg from "pg";
import type { Snapshot } from "../../pkg/catalog/snapshot.ts";
import { freshDatabase, load, probe, type RealServer, realServer, resolution, withTemporary } from "./real-catalog.ts";

const ddl = `
  CREATE SCHEMA shop; CREATE SCHEMA "Ünïcode \\ ""schema""";
  CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
  CREATE FUNCTION shop.is_ok(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT length($1) > 0';
  CREATE DOMAIN shop.plain AS text CHECK (length(VALUE) < 100);
  CREATE DOMAIN shop.checked AS text CHECK (shop.is_ok(VALUE));
  CREATE TYPE shop.spans AS RANGE (subtype = shop.checked, subtype_opclass = text_ops, multirange_type_name = shop.many_spans);
  CREATE TABLE shop.customers (
    id bigint PRIMARY KEY, gone int, email varchar(120) NOT NULL, nick text DEFAULT lower('X'), region text, code text,
    initial text GENERATED ALWAYS AS (substr(email, 1, 1)) STORED, UNIQUE (region, code), UNIQUE (nick) DEFERRABLE);
  ALTER TABLE shop.customers DROP COLUMN gone;
  CREATE UNIQUE INDEX ON shop.customers (lower(email));
  CREATE UNIQUE INDEX ON shop.customers (email) WHERE id > 10;
  CREATE UNIQUE INDEX ON shop.customers (code) INCLUDE (email);
  CREATE UNIQUE INDEX ON shop.customers (email text_pattern_ops);
  CREATE UNIQUE INDEX ON shop.customers (region COLLATE "C");
  CREATE TABLE shop.orders (id int, day date, customer bigint REFERENCES shop.customers, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
  CREATE TABLE shop.orders_2024 PARTITION OF shop.orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE VIEW shop.contact AS SELECT id, email AS mail FROM shop.customers;
  CREATE MATERIALIZED VIEW shop.stored AS SELECT count(*) AS n FROM shop.customers;
  CREATE TABLE shop.logged (x int);
  CREATE RULE nothing AS ON DELETE TO shop.logged DO INSTEAD NOTHING;
  CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touch BEFORE INSERT ON shop.logged FOR EACH ROW EXECUTE FUNCTION shop.touch();
  ALTER TABLE shop.logged ENABLE ROW LEVEL SECURITY;
  CREATE FUNCTION shop.mail_of(bigint, OUT mail text) LANGUAGE sql BEGIN ATOMIC SELECT email FROM shop.customers WHERE id = $1; END;
  CREATE FUNCTION shop.many(VARIADIC list int[], extra text DEFAULT 'a') RETURNS SETOF int LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop
    AS 'BEGIN RETURN; END';
  CREATE OPERATOR shop.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = textne);
  CREATE CAST (shop.mood AS int) WITH INOUT AS IMPLICIT;
  CREATE TABLE "Ünïcode \\ ""schema"""."tab\\le é" ("cöl""umn" int);
`
  .replace("extra text DEFAULT 'a'", "extra text")
  .replace("VARIADIC list int[], extra text", "extra text, VARIADIC list int[] DEFAULT '{}'");

let server: RealServer;
let client: pg.Client;
let snapshot: Snapshot;

beforeAll(async () => {
  server = await realServer();
  client = await freshDatabase(server, "catalog_load", ddl);
  snapshot = await load(client);
});
afterAll(() => server.stop());

const named = (name: string) => snapshot.relationNamed("shop", name)!;

test("live columns come with number, name, type, size, not null, generation expression and default", () => {
  expect(named("customers").columns).toEqual([
    { attnum: 1, name: "id", type: 20, typmod: -1, notNull: true, generated: null, defaultText: null },
    { attnum: 3, name: "email", type: 1043, typmod: 124, notNull: true, generated: null, defaultText: null },
    { attnum: 4, name: "nick", type: 25, typmod: -1, notNull: false, generated: null, defaultText: "lower('X'::text)" },
    { attnum: 5, name: "region", type: 25, typmod: -1, notNull: false, generated: null, defaultText: null },
    { attnum: 6, name: "code", type: 25, typmod: -1, notNull: false, generated: null, defaultText: null },
    {
      attnum: 7,
      name: "initial",
      type: 25,
      typmod: -1,
      notNull: false,
      generated: "substr((email)::text, 1, 1)",
      defaultText: null,
    },
  ]);
});

test("a unique key is immediate, total, over columns as they compare, without included columns, primary key first", () => {
  expect(named("customers").uniqueKeys).toEqual([[1], [5, 6], [6]]);
  expect(named("orders").uniqueKeys).toEqual([[2, 1]]);
});

test("partitions know their parents, parents their children", () => {
  expect(named("orders_2024").parents).toEqual([named("orders").oid]);
  expect(snapshot.children(named("orders").oid).map((child) => child.name)).toEqual(["orders_2024"]);
  expect(snapshot.children(named("customers").oid)).toEqual([]);
});

test("foreign keys name both sides by attribute number", () => {
  expect(named("orders").foreignKeys).toEqual([
    { columns: [3], target: named("customers").oid, targetColumns: [1], onDelete: "a", onUpdate: "a" },
  ]);
});

test("views come with their definition and the path under which it was printed", () => {
  expect(named("contact").definition).toMatch(
    /SELECT (customers\.)?id,\s+(customers\.)?email AS mail\s+FROM shop\.customers;/,
  );
  expect(named("contact").printedUnder).toEqual(["pg_catalog", "public"]);
  expect(named("stored").kind).toBe("m");
  expect(snapshot.relationNamed("information_schema", "tables")!.definition).toMatch(/SELECT/);
});

test("rules, triggers and row security are told; a view's own rule and a foreign key's triggers are not counted", () => {
  const { hasRules, hasTriggers, rowSecurity } = named("logged");
  expect([hasRules, hasTriggers, rowSecurity]).toEqual([true, true, true]);
  expect([named("contact").hasRules, named("orders").hasTriggers, named("orders").rowSecurity]).toEqual([
    false,
    false,
    false,
  ]);
});

test("names of any characters arrive as they are", () => {
  const relation = snapshot.relationNamed('Ünïcode \\ "schema"', "tab\\le é")!;
  expect(relation.columns.map((column) => column.name)).toEqual(['cöl"umn']);
  expect(snapshot.hasSchema('Ünïcode \\ "schema"')).toBe(true);
  expect(snapshot.hasSchema("absent")).toBe(false);
});

test("functions come with arguments, modes, language, settings and body", () => {
  const [mail] = snapshot.functionsNamed("shop", "mail_of");
  expect(mail).toMatchObject({
    kind: "f",
    language: "sql",
    args: [20],
    allArgs: [20, 25],
    argModes: ["i", "o"],
    returns: 25,
    body: null,
  });
  expect(mail!.sqlBody).toMatch(/BEGIN ATOMIC\s+SELECT customers\.email\s+FROM shop\.customers/);
  const [many] = snapshot.functionsNamed("shop", "many");
  expect(many).toMatchObject({
    args: [25, 1007],
    variadic: 23,
    defaults: 1,
    returnsSet: true,
    securityDefiner: true,
    settings: ["search_path=shop"],
  });
  expect(many!.body).toBe("BEGIN RETURN; END");
  expect(snapshot.function(many!.oid)).toBe(many);
});

test("operators, casts, enums, domains and row types are there", () => {
  const mood = snapshot.typeNamed("shop", "mood")!;
  expect(snapshot.operatorsNamed("shop", "===")).toMatchObject([{ left: 25, right: 25, result: 16 }]);
  expect(snapshot.casts()).toContainEqual({ source: mood.oid, target: 23, func: 0, context: "i", method: "i" });
  expect(mood).toMatchObject({ kind: "e", category: "E", element: 0, opaqueCheck: false });
  expect(snapshot.typeNamed("shop", "_mood")).toMatchObject({ element: mood.oid });
  expect(snapshot.typeNamed("shop", "plain")).toMatchObject({ kind: "d", base: 25, opaqueCheck: false });
  expect(snapshot.typeNamed("shop", "checked")).toMatchObject({ kind: "d", base: 25, opaqueCheck: true });
  const spans = snapshot.typeNamed("shop", "spans")!;
  expect(spans).toMatchObject({ kind: "r", rangeOf: snapshot.typeNamed("shop", "checked")!.oid });
  expect(snapshot.typeNamed("shop", "many_spans")).toMatchObject({ kind: "m", rangeOf: spans.oid });
  expect(snapshot.typeNamed("shop", "customers")).toMatchObject({ kind: "c", relation: named("customers").oid });
});

test("the server's own objects are there, and are taken over by the next load", async () => {
  expect(snapshot.functionsNamed("pg_catalog", "lower").length).toBeGreaterThan(1);
  expect(snapshot.operatorsNamed("pg_catalog", "=").length).toBeGreaterThan(50);
  expect(snapshot.relationNamed("pg_catalog", "pg_class")!.columns.length).toBeGreaterThan(30);
  const next = await load(client, snapshot);
  expect(next.version).toBeGreaterThan(snapshot.version);
  expect(next.relationNamed("pg_catalog", "pg_class")).toBe(snapshot.relationNamed("pg_catalog", "pg_class"));
  expect([...next.relations()].length).toBe([...snapshot.relations()].length);
});

test("temp tables are the session's own: they come in an overlay and never into what is shared", async () => {
  await client.query(
    "CREATE TEMP TABLE customers (id int PRIMARY KEY, x text); CREATE TEMP VIEW peek AS SELECT x FROM customers",
  );
  const shared = await load(client, snapshot);
  const { tempSchema, searchPath } = await resolution(client);
  expect(searchPath).toEqual([tempSchema, "pg_catalog", "public"]);
  expect(shared.relationNamed(tempSchema!, "customers")).toBeUndefined();
  const own = await withTemporary(client, shared);
  expect(own.relationNamed(tempSchema!, "customers")).toMatchObject({ temporary: true, uniqueKeys: [[1]] });
  expect(own.relationNamed(tempSchema!, "peek")!.printedUnder).toEqual([tempSchema, "pg_catalog", "public"]);
  expect(own.relationNamed("shop", "customers")).toBe(shared.relationNamed("shop", "customers"));
  expect(own.version).not.toBe(shared.version);
  const other = await server.connect("catalog_load");
  expect([...(await withTemporary(other, shared)).relations()].filter((relation) => relation.temporary)).toEqual([]);
});

test("a role without any right reads the same", async () => {
  await client.query("DROP ROLE IF EXISTS nobody_special; CREATE ROLE nobody_special LOGIN");
  const poor = await server.connect("catalog_load", "nobody_special");
  const seen = await load(poor);
  const permanent = (of: Snapshot) => [...of.relations()].map((relation) => relation.oid).sort();
  expect(permanent(seen)).toEqual(permanent(snapshot));
  expect(seen.relationNamed("shop", "contact")!.definition).toBe(named("contact").definition);
});

test("what another session holds exclusively is not waited for: it comes without definition, and again at the next probe", async () => {
  const other = await server.connect("catalog_load");
  await other.query("BEGIN; LOCK TABLE shop.customers IN ACCESS EXCLUSIVE MODE");
  await client.query("SET statement_timeout = '20s'");
  const seen = await load(client, snapshot);
  const columns = seen
    .relationNamed("shop", "customers")!
    .columns.map(({ name, generated, defaultText }) => [name, generated, defaultText]);
  expect(columns).toEqual([
    ["id", null, null],
    ["email", null, null],
    ["nick", null, ""],
    ["region", null, null],
    ["code", null, null],
    ["initial", "", null],
  ]);
  expect(seen.relationNamed("shop", "contact")!.definition).toBeNull();
  expect(seen.functionsNamed("shop", "mail_of")).toMatchObject([{ body: null, sqlBody: null }]);
  expect(seen.relationNamed("shop", "stored")!.definition).toBeNull();
  expect(seen.probe).not.toBe(await probe(client));
  await other.query("ROLLBACK");
  const complete = await load(client, seen);
  expect(complete.relationNamed("shop", "contact")!.definition).toBe(named("contact").definition);
  expect(complete.probe).toBe(await probe(client));
});
