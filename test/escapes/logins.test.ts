// A policy is for the login that the server lets in, however its name is spelled or cut.
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { query } from "../support/messages.ts";
import { written } from "../support/recorder.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { makeWorlds, STRICT_POLICY } from "../support/worlds.ts";

/** As long as PostgreSQL lets a name be; it cuts a longer one in the start-up packet. */
const longest = "a".repeat(63);
const accented = "žofie";

let server: TestServer;
let governed: Governed;

beforeAll(async () => {
  server = await startTestServer(["app", "analyst", longest, `"${accented}"`]);
  await makeWorlds(server);
  for (const role of [longest, `"${accented}"`]) await server.admin(`GRANT app TO ${role}`);
  const logins = JSON.stringify([longest, accented]);
  const policy = STRICT_POLICY.replace("logins: [analyst]", `logins: ${logins}`);
  governed = await startGoverned({ upstreamPort: server.port, policies: { "strict.yaml": policy } });
});

afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

test.each([
  ["as the server has it", longest],
  ["longer than the server reads", `${longest}b`],
  ["of letters beyond ASCII", accented],
])("a name %s", async (_, user) => {
  const frontend = await Frontend.login({ port: governed.port, user, password: PASSWORD, database: "world_a" });
  const frames = frontend.closed ? frontend.frames : await frontend.ask([query("SELECT email FROM customers")]);
  frontend.destroy();
  expect(written(frames).join("\n")).not.toMatch(/canarya/);
});
