// `weir explain` says beforehand what the sidecar does: from a live schema and from a dump, as text and as JSON.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";

const program = resolve(import.meta.dirname, "../../cmd/weir/weir.sh");
const POLICY = `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: main, namespace: shop}
spec: {engine: PostgreSQL, host: 127.0.0.1, tls: {mode: Disable}}
---
apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: privacy, namespace: shop}
spec:
  subjects: [{kinds: [Human], notGroups: [oncall]}]
  classify: [{columns: ["public.people.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: Partial}]
  guard: [{name: no-drop, effects: [Drop], action: Deny}]
`;
/** As pg_dump writes it. */
const DUMP = `\\restrict abc
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.people (id integer NOT NULL, email text);
ALTER TABLE public.people OWNER TO somebody;
COPY public.people (id, email) FROM stdin;
1\tann@example.com
\\.
CREATE VIEW public.contacts AS SELECT people.email AS contact FROM public.people;
GRANT SELECT ON TABLE public.people TO "another one";
\\unrestrict abc
`;

let server: LocalPostgres;
let folder: string;
beforeAll(async () => {
  server = await startPostgres({ auth: "scram-sha-256" });
  folder = mkdtempSync(join(tmpdir(), "weir-explain-"));
  writeFileSync(join(folder, "policy.yaml"), POLICY);
  writeFileSync(join(folder, "dump.sql"), DUMP);
  const client = new pg.Client({
    host: "127.0.0.1",
    port: server.port,
    user: server.superuser,
    password: server.password,
    database: "postgres",
  });
  await client.connect();
  await client.query(
    "CREATE TABLE people (id int NOT NULL, email text); CREATE VIEW contacts AS SELECT email AS contact FROM people",
  );
  await client.end();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function explain(sql: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync("sh", [program, "explain", sql, "--policies", folder, ...args], {
    encoding: "utf8",
    env: { ...process.env, PGPASSWORD: server.password },
  });
  return { status, stdout, stderr };
}

const live = () => ["--upstream", `postgres://${server.superuser}@127.0.0.1:${server.port}/postgres`];
const dump = () => ["--schema", join(folder, "dump.sql")];
const ana = ["--kind", "Human", "--login", "ana"];

test.each([
  ["a live schema", live],
  ["a dump", dump],
])("lineage, rules and the decision, from %s", (_, source) => {
  const { status, stdout, stderr } = explain(
    "SELECT contact, upper(contact) AS u, 1 AS one FROM contacts",
    ...source(),
    ...ana,
  );
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/touches +public\.contacts \(Read\); public\.people \(Read\)/);
  expect(stdout).toMatch(/1 +contact +public\.people\.email, public\.contacts\.contact +PII\.EMAIL +Partial/);
  expect(stdout).toMatch(/2 +u +made of public\.people\.email.* +PII\.EMAIL +Default/);
  expect(stdout).toMatch(/3 +one +nothing stored +as it is/);
  expect(stdout).toMatch(/decision +allow, 2 columns masked\nrules +shop\/privacy mask/);
});

test("a refusal, with the exit code and as JSON", () => {
  const { status, stdout } = explain("SELECT 1; DROP TABLE people", ...live(), ...ana, "--json");
  expect(status).toBe(1);
  const { principal, database, statements } = JSON.parse(stdout);
  expect(principal).toMatchObject({ kind: "Human", login: "ana" });
  expect(database).toEqual({ namespace: "shop", name: "main" });
  expect(statements.map(({ decision }: { decision: { verdict: string } }) => decision.verdict)).toEqual([
    "allow",
    "refuse",
  ]);
  expect(statements[1].decision.refusal).toMatchObject({ sqlstate: "42501", rule: { rule: "no-drop" } });
});

test("who asks decides", () => {
  expect(explain("SELECT email FROM people", ...live(), ...ana, "--group", "oncall").stdout).toMatch(
    /email +public\.people\.email +PII\.EMAIL +as it is/,
  );
});

test("a parameter is one as a driver prepares it", () => {
  const { stdout } = explain("SELECT id FROM people WHERE email = $1", ...live(), ...ana);
  expect(stdout).toContain("public.people.email (WHERE, one equality)");
});

test.each<[string, string[], number, RegExp]>([
  ["no schema", [], 64, /--upstream URL or --schema FILE/],
  ["a kind that is none", ["--schema", "x", "--kind", "Humn"], 64, /did you mean "Human"/],
  ["a dump that is not there", ["--schema", "/nothing/here.sql"], 64, /\/nothing\/here\.sql cannot be read \(ENOENT\)/],
  ["another database", ["--schema", "x", "--database", "shop/mian"], 64, /did you mean "shop\/main"/],
  [
    "a server that is not there",
    ["--upstream", "postgres://a:secret@127.0.0.1:1/x"],
    69,
    /cannot be reached: ECONNREFUSED/,
  ],
  ["an address that is none", ["--upstream", "nonsense"], 64, /is no postgres:\/\/ address/],
])("%s is told with its remedy, and no secret", (_, args, code, words) => {
  const { status, stdout, stderr } = explain("SELECT 1", ...args);
  expect(status).toBe(code);
  expect(stdout + stderr).toMatch(words);
  expect(stdout + stderr).not.toMatch(/secret|\n {4}at /);
});
