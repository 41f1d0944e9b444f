// Idle sessions cost little, and when they end nothing of them stays.
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { Frontend } from "../support/frontend.ts";
import { query } from "../support/messages.ts";
import { type SidecarOptions, type SidecarProcess, startSidecar } from "../support/sidecar-process.ts";
import { eventually } from "./eventually.ts";
import { measured, mib, sized } from "./long.ts";
import { type MuteServer, startMuteServer } from "./mute-server.ts";

const SESSIONS = sized(300, 2000);
/** The project's own limits: 150 MB and 128 KB a session. */
const PROCESS_BYTES_MAX = 150e6;
const SESSION_BYTES_MAX = 128 * 1024;

/** A heap that a leak of a few kilobytes a session would burst. */
const node = [`--max-old-space-size=${48 + Math.ceil(SESSIONS / 25)}`];
const ROUNDS = sized(3, 10);

const own = selfSignedCertificate(["localhost"]);
const withTls: SidecarOptions = {
  files: { "tls.crt": own.certificate, "tls.key": own.key },
  settings: (folder) => ({ WEIR_TLS_CERTIFICATE: `${folder}/tls.crt`, WEIR_TLS_KEY: `${folder}/tls.key` }),
};

let server: MuteServer;
beforeAll(async () => {
  server = await startMuteServer();
});
afterAll(() => server.close());

async function open(sidecar: SidecarProcess, tls: boolean): Promise<Frontend[]> {
  const sessions: Frontend[] = [];
  while (sessions.length < SESSIONS) {
    const logins = Array.from({ length: Math.min(50, SESSIONS - sessions.length) }, () =>
      Frontend.login({ port: sidecar.port, user: "ana", database: "shop", tls }),
    );
    sessions.push(...(await Promise.all(logins)));
  }
  return sessions;
}

async function allGone(sidecar: SidecarProcess, sessions: readonly Frontend[]): Promise<void> {
  for (const session of sessions) session.destroy();
  await eventually(async () => (await sidecar.metric("weir_sessions")) === 0 && server.sockets.size === 0);
}

const onLinux = process.platform === "linux" ? test : test.skip;
onLinux.each([
  ["plain", false],
  ["TLS", true],
])("idle sessions over %s", async (_name, tls) => {
  const sidecar = await startSidecar(server.port, { node, ...(tls && withTls) });
  try {
    const [warm] = await Promise.all([Frontend.login({ port: sidecar.port, user: "ana", database: "shop", tls })]);
    await warm!.ask([query("SELECT 1")]);
    await allGone(sidecar, [warm!]);
    const empty = { bytes: sidecar.residentBytes(), descriptors: sidecar.descriptors() };

    const sessions = await open(sidecar, tls);
    expect(await sidecar.metric("weir_sessions")).toBe(SESSIONS);
    const idle = sidecar.residentBytes();
    for (const session of sessions) await session.ask([query("SELECT 1")]);
    const used = sidecar.residentBytes();
    await allGone(sidecar, sessions);

    for (let round = 1; round < ROUNDS; round++) await allGone(sidecar, await open(sidecar, tls));
    await eventually(() => sidecar.descriptors() <= empty.descriptors + 2); // the metrics' own HTTP connection comes and goes
    const each = (bytes: number) => Math.round((bytes - empty.bytes) / SESSIONS / 1024);
    measured(`${SESSIONS} idle sessions, ${tls ? "TLS" : "plain"}`, {
      emptyMiB: mib(empty.bytes),
      idleKiBEach: each(idle),
      usedKiBEach: each(used),
      [`heapMiBAfter${ROUNDS}Rounds`]: mib(await sidecar.metric("nodejs_heap_size_used_bytes")),
      [`residentMiBAfter${ROUNDS}Rounds`]: mib(sidecar.residentBytes()),
    });
    expect(used).toBeLessThan(PROCESS_BYTES_MAX + SESSIONS * SESSION_BYTES_MAX);
  } finally {
    await sidecar.stop();
  }
});
