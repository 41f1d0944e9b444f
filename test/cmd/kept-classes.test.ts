// A column that is renamed while the sidecar is down keeps its class.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";

const POLICY = `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: privacy, namespace: shop}
spec:
  classify: [{columns: ["public.people.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: Redact}]
`;

let server: LocalPostgres;
let spool: string;
let sidecar: SidecarProcess | null = null;
beforeAll(async () => {
  server = await startPostgres({ auth: "trust" });
  spool = mkdtempSync(join(tmpdir(), "weir-spool-"));
  await ask(
    server.port,
    "CREATE TABLE people (name text, email text); INSERT INTO people VALUES ('Ann', 'ann@example.com')",
  );
});
afterAll(async () => {
  await sidecar?.stop();
  await server?.stop();
  rmSync(spool, { recursive: true, force: true });
});

async function ask(port: number, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

async function restart(policy = POLICY): Promise<SidecarProcess> {
  await sidecar?.stop();
  sidecar = await startSidecar(server.port, {
    policies: { "privacy.yaml": policy },
    settings: () => ({ WEIR_SPOOL_FOLDER: spool }),
  });
  return sidecar;
}

const file = () => join(spool, "classes.json");

test("across a restart and a rename, for as long as the policy holds the pattern", async () => {
  const before = await restart();
  expect(await ask(before.port, "SELECT email FROM people")).toEqual([{ email: "[redacted]" }]);
  expect(statSync(file()).mode & 0o777).toBe(0o600);

  await sidecar?.stop();
  await ask(server.port, "ALTER TABLE people RENAME COLUMN email TO contact; ALTER TABLE people RENAME TO humans");
  const after = await restart();
  expect(await ask(after.port, "SELECT contact FROM humans")).toEqual([{ contact: "[redacted]" }]);
  expect(await after.metric("weir_policy_unmatched_patterns")).toBe(0);

  const without = await restart(POLICY.replace("people.email", "people.nothing"));
  expect(await ask(without.port, "SELECT contact FROM humans")).toEqual([{ contact: "ann@example.com" }]);
});

test("a file that is damaged counts as nothing kept, and is told", async () => {
  await sidecar?.stop();
  writeFileSync(file(), "{");
  const started = await restart(POLICY.replace("people.email", "humans.contact"));
  expect(started.log()).toContain('"event":"classes.unreadable"');
  expect(await ask(started.port, "SELECT contact FROM humans")).toEqual([{ contact: "[redacted]" }]);
  expect(JSON.parse(readFileSync(file(), "utf8")).format).toBe(1);
  expect(existsSync(`${file()}.new`)).toBe(false);
});
