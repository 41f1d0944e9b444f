import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ChainMaker, otlpJson } from "../collector/chain-maker.ts";
import { chainsOf, cleanUp, newSite, READER, type Site, startOn, type TestCollector } from "../collector/fixtures.ts";

afterEach(cleanUp);

const program = resolve(import.meta.dirname, "../../cmd/weir/main.ts");
const { NODE_OPTIONS: _, ...env } = process.env;

async function started() {
  const site = await newSite();
  const collector = await startOn(site);
  const token = await site.token();
  const chain = new ChainMaker("0123456789abcdef0123456789abcdef");
  await collector.ask("POST", "/v1/chains", { token, body: chain.registration() });
  const send = async () => {
    const [{ next }] = (await chainsOf(collector)) as [{ readonly next: number }];
    await collector.ask("POST", "/v1/logs", { token, body: otlpJson([chain.seal(next)]).toString() });
  };
  return { site, collector, chain, send };
}

function argsFor({ folder, ca }: Site, { port }: TestCollector): string[] {
  writeFileSync(join(folder, "server-ca.pem"), ca.certificate);
  writeFileSync(join(folder, "token"), READER);
  return [
    "--collector",
    `https://127.0.0.1:${port}`,
    "--token-file",
    join(folder, "token"),
    "--ca",
    join(folder, "server-ca.pem"),
  ];
}

function startTail(args: readonly string[]) {
  const child = spawn(process.execPath, [program, "tail", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout.on("data", (bytes) => (text += bytes));
  child.stderr.on("data", (bytes) => (text += bytes));
  const has = async (what: string) => {
    while (!text.includes(what)) await new Promise((done) => setTimeout(done, 20));
  };
  const end = new Promise<number | null>((done) => child.once("close", done));
  return { child, has, end, text: () => text };
}

test("weir tail prints a line per statement, goes on after a break, and ends with Ctrl-C", async () => {
  const { site, collector, chain, send } = await started();
  const tail = startTail([...argsFor(site, collector), "--since", "1d"]);
  await tail.has("without its literals");
  const refusal = { verdict: "refuse", rules: [{ policy: "shop/safe", rule: "no-drop" }] } as const;
  chain
    .statements(1)
    .statements(1, { ...refusal, text: { form: "normalized", text: "DROP TABLE\u001b[2J x", fingerprint: "00" } });
  await send();
  await tail.has("no-drop");
  await collector.stop("a break");
  const again = await startOn({
    ...site,
    config: { ...site.config, listen: { host: "127.0.0.1", port: collector.port } },
  });
  chain.statements(1, { database: "after" });
  const token = await site.token();
  await again.ask("POST", "/v1/logs", { token, body: otlpJson([chain.seal(4)]).toString() });
  while (tail.text().split("SELECT email").length < 3) await new Promise((done) => setTimeout(done, 20));
  tail.child.kill("SIGINT");
  expect(await tail.end).toBe(0);
  const lines = tail.text().trim().split("\n");
  expect(lines.map((line) => line.slice(14).replace(/ +/g, " "))).toEqual([
    "where who decision rule outcome statement, without its literals",
    "shop/orders ana@example.com allow 1 row SELECT email FROM customers WHERE id = $1",
    "shop/orders ana@example.com refuse no-drop 1 row DROP TABLE[2J x",
    "shop/orders ana@example.com allow 1 row SELECT email FROM customers WHERE id = $1",
  ]);
});

test("weir tail says why it cannot begin", async () => {
  const { site, collector } = await started();
  const run = (args: readonly string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [program, "tail", ...args], { env, encoding: "utf8" });
    return [status, stderr.trim().split("\n")[0]];
  };
  expect(run(["--collector", "https://127.0.0.1:1"])).toEqual([
    69,
    "weir: tail: https://127.0.0.1:1 cannot be reached: ECONNREFUSED; look whether a collector listens there, or name another address with --collector",
  ]);
  expect(run(["--collector", "http://127.0.0.1:1"])).toEqual([
    64,
    "weir: --collector: write an address that begins with https://",
  ]);
  expect(run(["--since", "soon"])).toEqual([64, 'weir: --since: "soon" is no time; write it as 90s, 15m, 2h or 1d']);
  expect(run(["--token-file", join(site.folder, "none")])).toEqual([
    64,
    `weir: --token-file: ${join(site.folder, "none")} cannot be read (ENOENT)`,
  ]);
  const args = argsFor(site, collector);
  const stranger = startTail(args.slice(0, args.indexOf("--ca")));
  expect(await stranger.end).toBe(69);
  expect(stranger.text()).toMatch(
    /cannot be reached: .*; name the CA that signed the collector's certificate with --ca FILE/,
  );
  writeFileSync(join(site.folder, "token"), "wrong");
  const wrong = startTail(args);
  expect(await wrong.end).toBe(69);
  expect(wrong.text()).toMatch(/the collector answers 401: you are not a registered reader/);
});

test("weir evidence writes a file that weir verify finds intact", async () => {
  const { site, collector, chain, send } = await started();
  chain.statements(10);
  await send();
  const out = join(site.folder, "all.weir-evidence");
  const run = async (args: readonly string[]) => {
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.on("data", (bytes) => (text += bytes));
    child.stderr.on("data", (bytes) => (text += bytes));
    const status = await new Promise((done) => child.once("close", done));
    return { status, text };
  };
  const args = argsFor(site, collector);
  expect(await run(["evidence", ...args, "--out", out, "--namespace", "shop"])).toMatchObject({ status: 0 });
  const key = /vkey":"([^"]+)"/.exec(collector.lines.join("\n"))![1]!;
  expect(await run(["verify", out, "--log-key", key])).toMatchObject({ status: 0 });
  const bytes = readFileSync(out);
  bytes[bytes.indexOf("ana@example.com")]! ^= 1;
  writeFileSync(out, bytes);
  expect((await run(["verify", out, "--log-key", key])).status).toBe(1);
  const none = await run(["evidence", ...args, "--out", `${out}.2`, "--namespace", "bank"]);
  expect([none.status, existsSync(`${out}.2`), existsSync(`${out}.2.part`)]).toEqual([69, false, false]);
});
