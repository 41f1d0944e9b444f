// Guards hold: no dodge changes the shop, and directly each does, so that none is in the list that would do nothing.
import { type Governed, startGoverned } from "../support/governed.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { firstOwnOid, makeWorlds } from "../support/worlds.ts";
import { dodges } from "./dodges.ts";
import { stepsOn } from "./roads.ts";
import { SessionPool } from "./session-pool.ts";

const GUARDS = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: guards}
spec:
  guard:
    - {name: no-destructive-ddl, effects: [Drop, Truncate, Alter, Grant, ExecuteCode], action: Deny}
    - {name: by-key-only, effects: [Update, Delete], filter: NotByKey, action: Deny}
`;

/** Everything that the dodges are after, as one text: rows, columns, constraints, code, rights. */
const STATE = `
SELECT md5(string_agg(part, E'\\n' ORDER BY part)) FROM (
  SELECT 'rows ' || c.relname || md5(query_to_xml('SELECT x::text FROM ' || c.oid::regclass || ' x ORDER BY 1', false, false, '')::text)
  FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'audit_log'
  UNION ALL SELECT format('class %s %s %s %s %s %s', oid, relname, relnamespace, relowner, relacl, relispopulated) FROM pg_class WHERE oid >= 16384 AND relname !~ '^(pg_toast|made|harmless)' AND relkind IN ('r','p','v','m','i','S','f') AND relpersistence <> 't' AND relnamespace = 'public'::regnamespace
  UNION ALL SELECT format('column %s %s %s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull, attisdropped, attacl) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0 AND relname !~ '^(made|harmless)'
  UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT format('function %s %s %s', oid, proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND oid <= (SELECT oid FROM pg_proc WHERE proname = 'log_it')
  UNION ALL SELECT format('view %s %s', c.oid, pg_get_viewdef(c.oid)) FROM pg_class c WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace AND relname <> 'made'
  UNION ALL SELECT format('type %s %s', oid, typname) FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
  UNION ALL SELECT format('enum %s', enumlabel) FROM pg_enum
  UNION ALL SELECT format('trigger %s %s', tgname, tgenabled) FROM pg_trigger WHERE tgname = 'log_it'
  UNION ALL SELECT format('inherits %s %s', inhrelid, inhparent) FROM pg_inherits
  UNION ALL SELECT format('operator %s', oprname) FROM pg_operator WHERE oid >= 16384 AND oprname = '==='
  UNION ALL SELECT format('default acl %s', defaclacl) FROM pg_default_acl
  UNION ALL SELECT format('sequence %s', (SELECT last_value FROM audit_log_id_seq) > 50)
) x(part)`;

let server: TestServer;
let governed: Governed;
let pool: SessionPool;
let asMade: string | null = null;

beforeAll(async () => {
  server = await startTestServer(["app", "analyst"]);
  await makeWorlds(server);
  pool = new SessionPool(await firstOwnOid(server));
  governed = await startGoverned({ upstreamPort: server.port, policies: { "guards.yaml": GUARDS } });
  asMade = await server.admin(STATE, "world_a");
});

afterAll(async () => {
  await pool?.closeAll();
  await governed?.stop();
  await server?.stop();
});

/** Whether these steps change the shop, which is new again afterwards. */
async function changes(
  port: number,
  steps: Parameters<SessionPool["play"]>[1],
): Promise<{ changed: boolean; answers: string[] }> {
  const xid = await server.admin("SELECT pg_snapshot_xmax(pg_current_snapshot())");
  const answers = await pool.play({ database: "world_a", port, user: "analyst" }, steps);
  const touched = xid !== (await server.admin("SELECT pg_snapshot_xmax(pg_current_snapshot())"));
  if (!touched) return { changed: false, answers };
  const broken = () => "cannot be read";
  const changed = (await server.admin(STATE, "world_a").catch(broken)) !== asMade;
  await pool.closeAll();
  await server.freshDatabase("world_a", "world_a_template");
  return { changed, answers };
}

test("there are at least 60 of them, each with a name of its own", () => {
  expect(dodges.length).toBeGreaterThanOrEqual(60);
  expect(new Set(dodges.map((one) => one.name)).size).toBe(dodges.length);
});

test.each(dodges.map((one) => [one.name, one] as const))("%s", async (_, { sql, steps }) => {
  const conversations = steps ? [steps] : [stepsOn("simple", sql), stepsOn("extended text", sql)];
  expect({ changesDirectly: (await changes(server.port, conversations[0]!)).changed }).toEqual({
    changesDirectly: true,
  });
  for (const conversation of conversations) {
    const { changed, answers } = await changes(governed.port, conversation);
    expect({ changed, answers: changed ? answers : [] }).toEqual({ changed: false, answers: [] });
    expect(answers.some((line) => line.startsWith("E "))).toBe(true);
  }
});
