// Hundreds of connections at once, far above the limits: each is let in or told 53300, and when they are gone nothing leaks.
import { connect } from "node:net";
import { errorFields } from "../support/error-fields.ts";
import { Frontend } from "../support/frontend.ts";
import { query } from "../support/messages.ts";
import { type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { eventually } from "./eventually.ts";
import { measured, sized } from "./long.ts";
import { type MuteServer, startMuteServer } from "./mute-server.ts";

const CONNECTIONS = 500;
const ROUNDS = sized(2, 20);
const LIMITS = { WEIR_LIMITS_LOGINS: "40", WEIR_LIMITS_SESSIONS: "60", WEIR_LIMITS_LOGIN_SECONDS: "2" };

let server: MuteServer;
let sidecar: SidecarProcess;
beforeEach(async () => {
  server = await startMuteServer();
  sidecar = await startSidecar(server.port, { settings: () => LIMITS });
});
afterEach(async () => {
  await sidecar.stop();
  await server.close();
});

/** `in`, the SQLSTATE of the refusal, or `cut` when the connection ended without a word. */
async function attempt(): Promise<{ outcome: string; session: Frontend }> {
  const session = await Frontend.login({ port: sidecar.port, user: "ana", database: "shop" });
  const error = session.frames.find((frame) => frame.type === "E");
  if (error !== undefined) return { outcome: errorFields(error.body).C!, session };
  return { outcome: session.frames.at(-1)?.type === "Z" ? "in" : "cut", session };
}

async function nothingIsLeft(): Promise<void> {
  await eventually(
    async () => (await sidecar.metric("weir_sessions")) === 0 && (await sidecar.metric("weir_logins")) === 0,
  );
  await eventually(() => server.sockets.size === 0);
}

test(`${CONNECTIONS} logins at once: as many as the limits allow get in, all others are told 53300`, async () => {
  const settled = sidecar.descriptors();
  for (let round = 0; round < ROUNDS; round++) {
    const attempts = await Promise.all(Array.from({ length: CONNECTIONS }, attempt));
    const count = (outcome: string) => attempts.filter((one) => one.outcome === outcome).length;
    measured("storm", { in: count("in"), "53300": count("53300"), cut: count("cut") });
    expect(count("cut")).toBe(0);
    expect(count("in") + count("53300")).toBe(CONNECTIONS);
    expect(count("in")).toBeGreaterThan(0);
    expect(count("in")).toBeLessThanOrEqual(60);
    for (const { session } of attempts) session.destroy();
    await nothingIsLeft();
  }
  await eventually(() => sidecar.descriptors() <= settled + 4); // the metrics' own HTTP connections come and go
  const { outcome, session } = await attempt();
  expect(outcome).toBe("in");
  await session.ask([query("SELECT 1")]);
  session.destroy();
});

test("connections that say nothing hold only the places of logins, and lose them at the time limit", async () => {
  const silent = Array.from({ length: CONNECTIONS }, () => connect(sidecar.port, "127.0.0.1").on("error", () => {}));
  await eventually(async () => (await sidecar.metric("weir_logins")) === 40);
  expect((await attempt()).outcome).not.toBe("in");
  await nothingIsLeft();
  const { outcome, session } = await attempt();
  expect(outcome).toBe("in");
  session.destroy();
  for (const socket of silent) socket.destroy();
});

test("sessions that hold their places leave them to the next", async () => {
  const sessions: Frontend[] = [];
  while (sessions.length < 60) {
    const { outcome, session } = await attempt();
    expect(outcome).toBe("in");
    sessions.push(session);
  }
  expect((await attempt()).outcome).toBe("53300");
  sessions.pop()!.destroy();
  await eventually(async () => (await sidecar.metric("weir_sessions")) < 60);
  const { outcome, session } = await attempt();
  expect(outcome).toBe("in");
  for (const one of [...sessions, session]) one.destroy();
});
