// The sidecar as its platform meets it: a process with exit codes, signals and an HTTP address.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
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

function start(env: Record<string, string> = {}, args: readonly string[] = [], unset: readonly string[] = []) {
  const all: Record<string, string> = {
    WEIR_LISTENERS: "127.0.0.1:0=shop/orders",
    WEIR_POLICIES: folder,
    WEIR_SPOOL_FOLDER: join(folder, "spool"),
    WEIR_ADMIN_LISTEN: "127.0.0.1:0",
    WEIR_DRAIN_SECONDS: "1",
    ...env,
  };
  for (const name of unset) delete all[name];
  const child = spawn(process.execPath, [program, ...args], { env: all, stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  let [log, output] = ["", ""];
  child.stdout!.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    log += chunk;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code: code ?? signal, log, output }));
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

test("--check tells what a start would, and starts nothing", async () => {
  policy(database);
  const good = await start({}, ["--check"]).ended;
  expect([good.code, good.output]).toEqual([
    0,
    expect.stringMatching(/^the configuration is good; policies [0-9a-f]{32}\n$/),
  ]);
  expect(existsSync(join(folder, "spool"))).toBe(false);
  policy("kind: [broken");
  expect(await start({}, ["--check"]).ended).toMatchObject({
    code: 64,
    log: expect.stringMatching(/policy\.yaml:\d+:\d+: /),
  });
});

test("wait ends when the sidecar is ready, and says why it is not after its time", async () => {
  const nobody = await start({ WEIR_ADMIN_LISTEN: "127.0.0.1:1" }, ["wait", "--timeout", "0"]).ended;
  expect([nobody.code, nobody.log]).toEqual([69, "weir-sidecar: not ready after 0 s: ECONNREFUSED\n"]);

  policy(database);
  const sidecar = start({ WEIR_ADMIN_LISTEN: ":0" });
  const { admin } = await sidecar.event("ready");
  expect((await start({ WEIR_ADMIN_LISTEN: `:${admin}` }, ["wait"]).ended).code).toBe(0);
});

test("an admin address without host is every address, IPv6 where there is any", async () => {
  policy(database);
  const { admin } = await start({ WEIR_ADMIN_LISTEN: ":0" }).event("ready");
  expect((await fetch(`http://127.0.0.2:${admin}/healthz`)).status).toBe(200);
  const hasV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
  if (hasV6) expect((await fetch(`http://[::1]:${admin}/healthz`)).status).toBe(200);
});

test("a pod without any bundle waits, answers its probes and stops on SIGTERM", async () => {
  const files = { token: "t", "ca.crt": "none" };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const bundle = {
    WEIR_BUNDLE_URL: "https://127.0.0.1:1/v1/bundle",
    WEIR_BUNDLE_TOKEN: join(folder, "token"),
    WEIR_BUNDLE_CA: join(folder, "ca.crt"),
    WEIR_BUNDLE_KEYS: `${"A".repeat(43)}=`,
    WEIR_BUNDLE_FOLDER: join(folder, "bundle"),
  };
  const sidecar = start(bundle, [], ["WEIR_POLICIES"]);
  const { admin } = await sidecar.event("waiting");
  expect((await get(admin, "/healthz")).status).toBe(200);
  expect((await get(admin, "/readyz")).status).toBe(503);
  const waited = await start({ WEIR_ADMIN_LISTEN: `:${admin}` }, ["wait", "--timeout", "0"]).ended;
  expect([waited.code, waited.log]).toEqual([
    69,
    expect.stringContaining("no bundle of policies has been received yet"),
  ]);
  sidecar.child.kill("SIGTERM");
  expect((await sidecar.ended).code).toBe(0);
});

test("another port of a governed host is relayed and counted; the governed port itself is refused", async () => {
  policy(database);
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  const target = (echo.address() as { port: number }).port;
  const sidecar = start({ WEIR_RELAYS: `127.0.0.1:0=127.0.0.1:${target}` });
  const { port } = await sidecar.event("relaying");
  const client = connect(port as number, "127.0.0.1");
  client.write("untouched");
  expect(String((await once(client, "data"))[0])).toBe("untouched");
  const { admin } = await sidecar.event("ready");
  expect((await get(admin, "/metrics")).text).toMatch(
    /\nweir_relay_connections 1\n[\s\S]*\nweir_relay_bytes_total 18\n/,
  );
  client.destroy();
  echo.close();

  const round = await start({ WEIR_RELAYS: "127.0.0.1:0=127.0.0.1:1" }).ended;
  expect([round.code, round.log]).toEqual([64, expect.stringContaining("127.0.0.1:1 is GovernedDatabase shop/orders")]);
});
