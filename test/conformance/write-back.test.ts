// A masked value that comes back is not stored over the real one, whatever road it takes; a real new value is.
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { type Governed, startGoverned } from "../support/governed.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const POLICY = `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: privacy, namespace: shop}
spec:
  classify:
    - {columns: ["public.people.email"], class: PII.EMAIL}
    - {columns: ["public.people.ssn"], class: PII.SSN}
    - {columns: ["public.people.phone"], class: PII.PHONE}
    - {columns: ["public.people.note"], class: PII.NOTE}
    - {columns: ["public.people.score"], class: PII.SCORE}
  mask:
    - {classes: ["PII.EMAIL"], method: Partial}
    - {classes: ["PII.SSN"], method: Token}
    - {classes: ["PII.PHONE"], method: Redact}
    - {classes: ["PII.NOTE"], method: "Null"}
    - {classes: ["PII.SCORE"], method: Default}
  predicates: AllowEquality
`;

let server: TestServer;
let governed: Governed;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin("CREATE DATABASE people OWNER app");
  governed = await startGoverned({ upstreamPort: server.port, policies: { "privacy.yaml": POLICY } });
});
afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});
const real = "1|ann@example.com|900-11|+49 1|Ann|asthma|7";
beforeEach(async () => {
  await server.admin(
    `DROP TABLE IF EXISTS people; CREATE TABLE people (id int PRIMARY KEY, email text, ssn text, phone text, name text, note text, score int);
     INSERT INTO people VALUES (1, 'ann@example.com', '900-11', '+49 1', 'Ann', 'asthma', 7); ALTER TABLE people OWNER TO app`,
    "people",
  );
  client = new pg.Client({
    host: "127.0.0.1",
    port: governed.port,
    user: "app",
    password: PASSWORD,
    database: "people",
  });
  await client.connect();
});
afterEach(() => client.end());

const stored = () =>
  server.admin("SELECT concat_ws('|', id, email, ssn, phone, name, note, score) FROM people WHERE id = 1", "people");
const shown = async () => (await client.query("SELECT * FROM people WHERE id = 1")).rows[0] as Record<string, string>;
const refusedFor = (column: string) => ({
  code: "42501",
  message: `a masked value may not be stored in public.people.${column}: it would overwrite the real one`,
  hint: `Leave public.people.${column} out of the statement, or give its real value.`,
});

test.each([
  ["email", "Partial"],
  ["ssn", "Token"],
  ["phone", "Redact"],
])("%s, masked by %s, as a parameter, a literal, in every kind of write", async (column) => {
  const row = await shown();
  const value = row[column]!;
  const literal = client.escapeLiteral(value);
  const writes = [
    `UPDATE people SET ${column} = ${literal} WHERE id = 1`,
    `UPDATE people SET name = 'Anna', ${column} = ${literal} WHERE id = 1`,
    `UPDATE people SET (name, ${column}) = ('Anna', ${literal}) WHERE id = 1`,
    `UPDATE people SET ${column} = v.x FROM (VALUES (${literal})) v(x) WHERE id = 1`,
    `INSERT INTO people (id, ${column}) VALUES (1, ${literal}) ON CONFLICT (id) DO UPDATE SET ${column} = excluded.${column}`,
    `INSERT INTO people (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET ${column} = ${literal}`,
    `INSERT INTO people (id, ${column}) SELECT 2, ${literal}`,
    `WITH w AS (UPDATE people SET ${column} = ${literal} WHERE id = 1 RETURNING id) SELECT id FROM w`,
    `MERGE INTO people p USING (VALUES (1, ${literal})) s(i, x) ON p.id = s.i WHEN MATCHED THEN UPDATE SET ${column} = s.x`,
    `PREPARE back AS UPDATE people SET ${column} = ${literal} WHERE id = 1`,
    `SELECT 1; UPDATE people SET ${column} = ${literal} WHERE id = 1`,
  ];
  // PostgreSQL 14 has no MERGE.
  for (const sql of writes.filter((text) => server.major >= 15 || !text.startsWith("MERGE")))
    await expect([sql, await client.query(sql).catch((error) => error)]).toEqual([
      sql,
      expect.objectContaining(refusedFor(column)),
    ]);
  const parameter = { text: `UPDATE people SET ${column} = $2 WHERE id = $1`, values: [1, value] };
  await expect(client.query(parameter)).rejects.toMatchObject(refusedFor(column));
  await expect(client.query({ name: "named", ...parameter })).rejects.toMatchObject(refusedFor(column));
  await client.query(`PREPARE later(text) AS UPDATE people SET ${column} = $1 WHERE id = 1`);
  await expect(client.query(`EXECUTE later(${literal})`)).rejects.toMatchObject(refusedFor(column));
  expect(await stored()).toBe(real);
});

test.each([
  ["note", "NULL", null],
  ["score", "0", 0],
])(
  "%s, shown as %s, which might be meant: refused where it replaces, in a session that was shown it",
  async (column, literal, value) => {
    const writes = [
      `UPDATE people SET ${column} = ${literal} WHERE id = 1`,
      `UPDATE people SET (name, ${column}) = ('Anna', ${literal})`,
    ];
    const inserts = `INSERT INTO people (id, ${column}) VALUES (1, ${literal})`;
    const upsert = `${inserts} ON CONFLICT (id) DO UPDATE SET ${column} = excluded.${column}`;
    const parameter = { text: `UPDATE people SET ${column} = $2 WHERE id = $1`, values: [1, value] };
    await shown();
    for (const sql of [
      ...writes,
      upsert,
      `UPDATE people SET ${column} = CAST(${literal} AS ${column === "note" ? "text" : "int"})`,
    ])
      await expect(client.query(sql)).rejects.toMatchObject(refusedFor(column));
    await expect(client.query(parameter)).rejects.toMatchObject(refusedFor(column));
    await client.query(
      `PREPARE later(${column === "note" ? "text" : "int"}) AS UPDATE people SET ${column} = $1 WHERE id = 1`,
    );
    await expect(client.query(`EXECUTE later(${literal})`)).rejects.toMatchObject(refusedFor(column));
    expect(await stored()).toBe(real);
    await client.query(inserts.replace("1,", "2,"));
    await client.query(
      `UPDATE people SET name = 'Anna', ${column} = ${column === "note" ? "'cured'" : "8"} WHERE id = 1`,
    );
    const [old, now] = column === "note" ? ["asthma", "cured"] : ["|7", "|8"];
    expect(await stored()).toBe(real.replace("Ann|", "Anna|").replace(old!, now!));
  },
);

test("NULL is stored by a session that was shown nothing", async () => {
  await client.query("UPDATE people SET note = NULL WHERE id = 1");
  expect(await stored()).toBe(real.replace("asthma|", ""));
});

test("a large Bind is judged by the parameters at its beginning, and refused for those that come behind", async () => {
  const { email } = await shown();
  const large = "x".repeat(2_000_000);
  const update = (first: string, second: string) => `UPDATE people SET ${first} = $1, ${second} = $2 WHERE id = 1`;
  await expect(client.query(update("email", "name"), [email, large])).rejects.toMatchObject(refusedFor("email"));
  await expect(client.query(update("name", "email"), [large, email])).rejects.toMatchObject({
    code: "42501",
    message:
      "the value for public.people.email comes too late in a large Bind to be held against the masked ones that this session was shown",
  });
  await client.query(update("email", "name"), ["ann@new.example", large]);
  expect(await server.admin("SELECT email || length(name) FROM people WHERE id = 1", "people")).toBe(
    "ann@new.example2000000",
  );
});

test("a form that writes every column back fails whole, and tells which column", async () => {
  const { email, ssn, phone } = await shown();
  await expect(
    client.query("UPDATE people SET name = $1, email = $2, ssn = $3, phone = $4 WHERE id = 1", [
      "Anna",
      email,
      ssn,
      phone,
    ]),
  ).rejects.toMatchObject(refusedFor("email"));
  expect(await stored()).toBe(real);
});

test("a real value, and a column that is not masked, are stored", async () => {
  const { email } = await shown();
  await client.query("UPDATE people SET email = $1 WHERE id = 1", ["ann@new.example"]);
  await client.query("UPDATE people SET name = $1 WHERE id = 1", [email]);
  expect(await stored()).toBe(`1|ann@new.example|900-11|+49 1|${email}|asthma|7`);
});

test("a session that was shown nothing is still told tokens and markers, and nothing else", async () => {
  const { email, ssn } = await shown();
  const other = new pg.Client({
    host: "127.0.0.1",
    port: governed.port,
    user: "app",
    password: PASSWORD,
    database: "people",
  });
  await other.connect();
  await expect(other.query("UPDATE people SET ssn = $1 WHERE id = 1", [ssn])).rejects.toMatchObject(refusedFor("ssn"));
  await expect(other.query("UPDATE people SET phone = '[redacted]' WHERE id = 1")).rejects.toMatchObject(
    refusedFor("phone"),
  );
  await other.query("UPDATE people SET email = $1 WHERE id = 1", [email]);
  await other.end();
});

test("COPY into a masked column is for sessions that were shown none", async () => {
  const load = async () => {
    const stream = client.query(copyFrom("COPY people (id, email) FROM STDIN"));
    await new Promise((resolve, reject) => {
      stream.on("finish", resolve).on("error", reject);
      stream.end("7\tnew@example.com\n");
    });
  };
  await load();
  await shown();
  await expect(load()).rejects.toMatchObject({
    code: "42501",
    message: "rows may not be copied into public.people.email in a session that was shown masked values",
  });
  expect(await server.admin("SELECT count(*)::text FROM people", "people")).toBe("2");
});
