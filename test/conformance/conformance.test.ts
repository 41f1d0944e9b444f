// Nothing forbids anything: through the sidecar every script gives the frames that PostgreSQL gives, byte for byte.
import { type Governed, startGoverned } from "../support/governed.ts";
import { record } from "../support/recorder.ts";
import type { Script } from "../support/script.ts";
import { makeTemplate, PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import cancels from "./scripts/cancels.ts";
import copyIn from "./scripts/copy-in.ts";
import copyOut from "./scripts/copy-out.ts";
import cursors from "./scripts/cursors.ts";
import encodings from "./scripts/encodings.ts";
import errors from "./scripts/errors.ts";
import extended from "./scripts/extended.ts";
import functionCalls from "./scripts/function-calls.ts";
import large from "./scripts/large.ts";
import notices from "./scripts/notices.ts";
import pipelines from "./scripts/pipelines.ts";
import portals from "./scripts/portals.ts";
import sessions from "./scripts/sessions.ts";
import settings from "./scripts/settings.ts";
import simple from "./scripts/simple.ts";
import types from "./scripts/types.ts";

const scripts: readonly Script[] = [
  ...simple,
  ...extended,
  ...pipelines,
  ...portals,
  ...copyIn,
  ...copyOut,
  ...cursors,
  ...sessions,
  ...notices,
  ...settings,
  ...errors,
  ...cancels,
  ...functionCalls,
  ...large,
  ...types,
  ...encodings,
];

let server: TestServer;
let governed: Governed;
let firstOwnOid = 0;
/** The next transaction id when the database was last new: as long as nobody has taken one, nothing has been written. */
let untouchedAtXid: string | null = null;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await makeTemplate(server, "play_template", "play.sql");
  firstOwnOid =
    1 +
    Number(
      await server.admin(
        "SELECT max(oid) FROM (SELECT oid FROM pg_class UNION SELECT oid FROM pg_type) x",
        "play_template",
      ),
    );
  governed = await startGoverned({ upstreamPort: server.port });
});

afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

/** The same database, made anew, whichever way it is reached: its name shows in messages. */
async function play(script: Script, port: number) {
  const nextXid = await server.admin("SELECT pg_snapshot_xmax(pg_current_snapshot())");
  if (nextXid !== untouchedAtXid) await server.freshDatabase("play", "play_template");
  untouchedAtXid = await server.admin("SELECT pg_snapshot_xmax(pg_current_snapshot())");
  const password = script.user === server.superuser ? server.superuserPassword : PASSWORD;
  return record(script, {
    target: { port, password, database: "play" },
    user: "app",
    firstOwnOid,
    admin: server.admin,
  });
}

test("there are at least 150 scripts, each with a name of its own", () => {
  expect(scripts.length).toBeGreaterThanOrEqual(150);
  expect(new Set(scripts.map((script) => script.name)).size).toBe(scripts.length);
});

test.each(scripts.map((script) => [script.name, script] as const))("%s", async (_, script) => {
  const direct = await play(script, server.port);
  const through = await play(script, governed.port);
  expect(through).toEqual(direct);
});
