// What a developer mistypes gets the server's own error, byte for byte, also where a guard forbids what the statement would do; and
// asking the server for it changes nothing.
import { SessionPool } from "../escapes/session-pool.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { query } from "../support/messages.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { firstOwnOid, makeWorlds, STRICT_POLICY } from "../support/worlds.ts";

const GUARDS = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: guards}
spec:
  guard:
    - {name: no-ddl, effects: [Drop, Truncate, Alter, Grant, ExecuteCode, Maintenance], action: Deny}
`;

const mistakes = [
  ["DROP TABLE nope"],
  ["DROP TABLE scratch, nope CASCADE"],
  ["DROP VIEW nope"],
  ["DROP MATERIALIZED VIEW public.nope"],
  ["DROP INDEX nope"],
  ["DROP SEQUENCE nope"],
  ['DROP TABLE "No ""such"" table"'],
  ["DROP TABLE nowhere.nope"],
  ["TRUNCATE nope"],
  ["ALTER TABLE nope ADD COLUMN a int"],
  ["REFRESH MATERIALIZED VIEW nope"],
  ["CREATE INDEX ON nope (a)"],
  ["COPY nope TO STDOUT"],
  ["COPY nope FROM STDIN"],
  ["ANALYZE nope"],
  ["GRANT SELECT ON nope TO app"],
  ["CALL nope()"],
  ["CALL wipe_all(1)"],
  ["EXECUTE nope"],
  ["EXPLAIN EXECUTE nope"],
  ["SELECT 'a'::text = 5"],
  ["SELECT * FROM orders WHERE status = 3"],
  ["BEGIN", "DROP TABLE nope", "SELECT 1", "ROLLBACK"],
  ["BEGIN", "EXECUTE nope", "COMMIT"],
] as const;

let server: TestServer;
let pool: SessionPool;
const governed: Governed[] = [];
beforeAll(async () => {
  server = await startTestServer(["app", "analyst"]);
  await makeWorlds(server);
  pool = new SessionPool(await firstOwnOid(server));
  for (const policy of [GUARDS, STRICT_POLICY])
    governed.push(await startGoverned({ upstreamPort: server.port, policies: { "policy.yaml": policy } }));
});
afterAll(async () => {
  await pool?.closeAll();
  for (const each of governed) await each.stop();
  await server?.stop();
});

test.each(mistakes.map((sql) => [sql.join("; "), sql] as const))("%s", async (_, sql) => {
  const steps = sql.map((text) => [query(text)]);
  const play = (port: number) => pool.play({ database: "world_a", port, user: "analyst" }, steps);
  const direct = await play(server.port);
  expect(direct.some((line) => line.startsWith("E "))).toBe(true);
  for (const { port } of governed) expect(await play(port)).toEqual(direct);
});

test("what only Weir does not know of is not told, and not run", async () => {
  // The table is there, but not for a catalogue that was loaded before it was made.
  const play = (port: number, text: string) =>
    pool.play({ database: "world_a", port, user: "analyst" }, [[query(text)]]);
  await play(governed[0]!.port, "SELECT 1");
  await server.admin("CREATE TABLE public.late (a int); GRANT ALL ON public.late TO analyst", "world_a");
  const answer = await play(governed[0]!.port, "DROP TABLE late");
  expect(answer.some((line) => line.includes("C42501"))).toBe(true);
  expect(await server.admin("SELECT count(*) FROM public.late", "world_a")).toBe("0");
  await expect(server.admin('DROP TABLE public.late, "weir_0_1"', "world_a")).rejects.toThrow(/weir_0_1/);
  expect(await server.admin("SELECT count(*) FROM public.late", "world_a")).toBe("0");
});
