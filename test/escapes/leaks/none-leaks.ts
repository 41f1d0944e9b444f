// Nothing protected leaves: a masked principal cannot tell apart two worlds that differ only in protected values. Directly,
// each attempt does tell them apart, so that none is in the list that would not leak.
import { type Governed, startGoverned } from "../../support/governed.ts";
import type { Step } from "../../support/script.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { firstOwnOid, makeWorlds, STRICT_POLICY, WORLDS } from "../../support/worlds.ts";
import type { Leak } from "../escape.ts";
import { roadsFor, stepsOn } from "../roads.ts";
import { SessionPool } from "../session-pool.ts";

let server: TestServer;
let governed: Governed;
let pool: SessionPool;
/** The next transaction id when both worlds were last new. */
let untouchedAtXid: string | null = null;

const nextXid = () => server.admin("SELECT pg_snapshot_xmax(pg_current_snapshot())");

/** Both worlds as new, if anything may have been written since they were. */
async function freshWorlds(): Promise<void> {
  if ((await nextXid()) === untouchedAtXid) return;
  await pool.closeAll();
  for (const world of WORLDS) await server.freshDatabase(world, `${world}_template`);
  untouchedAtXid = await nextXid();
}

beforeAll(async () => {
  server = await startTestServer(["app", "analyst"]);
  await makeWorlds(server);
  pool = new SessionPool(await firstOwnOid(server));
  governed = await startGoverned({ upstreamPort: server.port, policies: { "strict.yaml": STRICT_POLICY } });
});

afterAll(async () => {
  await pool?.closeAll();
  await governed?.stop();
  await server?.stop();
});

interface Seen {
  readonly frames: readonly (readonly string[])[];
  readonly stored: readonly (string | null)[];
}

/** What the analyst sees in each world, and what is stored there afterwards. */
async function look(port: number, steps: readonly Step[], probe: string | undefined): Promise<Seen> {
  await freshWorlds();
  const frames: string[][] = [];
  const stored: (string | null)[] = [];
  for (const database of WORLDS) {
    frames.push(await pool.play({ database, port, user: "analyst" }, steps));
    if (probe) stored.push(await server.admin(probe, database));
  }
  return { frames, stored };
}

const differs = ({ frames, stored }: Seen) =>
  JSON.stringify(frames[0]) !== JSON.stringify(frames[1]) || stored[0] !== stored[1];

/** Each test file has a server of its own. */
export function noneLeaks(leaks: readonly Leak[]): void {
  test.each(leaks.map((leak) => [leak.name, leak] as const))("%s", async (_, leak) => {
    const conversations = leak.steps ? [leak.steps] : roadsFor(leak.sql).map((road) => stepsOn(road, leak.sql));
    const direct = await look(server.port, conversations[0]!, leak.probe);
    expect({ leaksDirectly: differs(direct) }).toEqual({ leaksDirectly: true });
    for (const steps of conversations) {
      const { frames, stored } = await look(governed.port, steps, leak.probe);
      if (leak.oneBit) expect(frames.flat().join("\n")).not.toMatch(/canary|7700\d\d/i);
      else expect(frames[0]).toEqual(frames[1]);
      expect(stored[0]).toEqual(stored[1]);
    }
  });
}
