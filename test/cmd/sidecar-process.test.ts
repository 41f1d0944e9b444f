// The sidecar as its platform meets it: a process with exit codes, signals and an HTTP address.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const program = resolve(import.meta.dirname, "../../cmd/sidecar/main.ts");
let folder: string;
let running: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-sidecar-"));
});
afterEach(async () => {
  for (const child of running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

const database = `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: orders, namespace: shop}
spec: {engine: PostgreSQL, host: 127.0.0.1, port: 1, tls: {mode: Disable}}
`;

function policy(yaml: string): void {
  writeFileSync(join(folder, "policy.yaml"), yaml);
}

function start(env: Record<string, string> = {}) {
  const all = {
    WEIR_LISTENERS: "127.0.0.1:0=shop/orders",
    WEIR_POLICIES: folder,
    WEIR_SPOOL_FOLDER: join(folder, "spool"),
    WEIR_ADMIN_LISTEN: "127.0.0.1:0",
    WEIR_DRAIN_SECONDS: "1",
    ...env,
  };
  const child = spawn(process.execPath, [program], { env: all, stdio: ["ignore", "ignore", "pipe"] });
  running.push(child);
  let log = "";
  child.stderr!.on("data", (chunk) => {
    log += chunk;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code: code ?? signal, log }));
  /** The first event of this name in its log. */
  async function event(name: string): Promise<Record<string, unknown>> {
    for (;;) {
      const line = log.split("\n").find((text) => text.includes(`"event":"${name}"`));
      if (line !== undefined) return JSON.parse(line);
      if (child.exitCode !== null) throw new Error(log);
      await delay(10);
    }
  }
  return { child, ended, event, log: () => log };
}

async function get(port: unknown, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
}

test("bad configuration and bad policies end it with 64 and every problem", async () => {
  const wrong = await start({ WEIR_LISTENERS: "here", WEIR_LOG_LEVEL: "loud" }).ended;
  expect(wrong.code).toBe(64);
  expect(wrong.log).toMatch(/has 2 problems\n {2}WEIR_LISTENERS: [\s\S]*\n {2}WEIR_LOG_LEVEL: /);

  policy(
    `${database}---\napiVersion: weir.dev/v1alpha1\nkind: DataPolicy\nmetadata: {name: p, namespace: shop}\nspec: {mod: Enforce, mask: [{classes: [X], method: Blur}]}\n`,
  );
  const bad = await start().ended;
  expect(bad.code).toBe(64);
  expect(bad.log).toMatch(/policy\.yaml:9:8: [\s\S]*policy\.yaml:9:\d+: /);

  const both = await start({ WEIR_LISTENERS: "here", WEIR_TLS_CERTIFICATE: join(folder, "none.crt") }).ended;
  expect(both.code).toBe(64);
  expect(both.log).toMatch(
    /WEIR_LISTENERS: [\s\S]*tls\.key is not set[\s\S]*none\.crt cannot be read[\s\S]*policy\.yaml:9:8: /,
  );
});

test("it tells when it is ready, what it measures and what is wrong with a changed folder, and stops on SIGTERM", async () => {
  policy(database);
  const sidecar = start();
  const { admin, policyVersion } = await sidecar.event("ready");
  expect(await get(admin, "/healthz")).toEqual({ status: 200, text: "ok\n" });
  expect(JSON.parse((await get(admin, "/readyz")).text)).toEqual({ ready: true, notes: [], policyVersion });

  policy("kind: [broken");
  await sidecar.event("policy.problem");
  const readiness = JSON.parse((await get(admin, "/readyz")).text);
  expect(readiness).toMatchObject({ ready: true, policyVersion });
  expect(readiness.notes[0]).toMatch(/policy\.yaml:\d+:\d+: /);
  expect((await get(admin, "/metrics")).text).toMatch(/\nweir_policy_problems [1-9]/);

  policy(database.replace("port: 1", "port: 2"));
  const changed = await sidecar.event("policy.changed");
  expect(changed.version).not.toBe(policyVersion);
  expect((await get(admin, "/metrics")).text).toMatch(
    /\nweir_policy_problems 0\n[\s\S]*\nweir_policy_reloads_total [2-9]\n/,
  );

  sidecar.child.kill("SIGTERM");
  expect((await sidecar.ended).code).toBe(0);
  expect(sidecar.log()).toContain('"event":"stopped"');
});

test("what it needs and does not get is told with exit 69", async () => {
  policy(database);
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const noPort = await start({ WEIR_LISTENERS: `127.0.0.1:${port}=shop/orders` }).ended;
  taken.close();
  expect([noPort.code, noPort.log]).toEqual([
    69,
    expect.stringContaining(`listeners: cannot listen on 127.0.0.1:${port}`),
  ]);

  const first = start();
  await first.event("ready");
  const second = await start().ended;
  expect([second.code, second.log]).toEqual([69, expect.stringContaining(join(folder, "spool"))]);
});
