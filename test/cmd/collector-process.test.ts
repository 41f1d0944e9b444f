import { spawn, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { ChainMaker } from "../collector/chain-maker.ts";
import { ask, cleanUp, newSite } from "../collector/fixtures.ts";

const program = resolve(import.meta.dirname, "../../cmd/collector/main.ts");

afterEach(cleanUp);

async function settings() {
  const site = await newSite();
  const env = {
    PATH: process.env.PATH,
    WEIR_COLLECTOR_ORIGIN: site.config.origin,
    WEIR_COLLECTOR_DATA: site.config.data,
    WEIR_COLLECTOR_SOURCES: site.config.sources!,
    WEIR_COLLECTOR_TLS_CERTIFICATE: site.config.tls.certificate,
    WEIR_COLLECTOR_TLS_KEY: site.config.tls.key,
    WEIR_COLLECTOR_LISTEN: "127.0.0.1:0",
    WEIR_COLLECTOR_ADMIN_LISTEN: "127.0.0.1:0",
    WEIR_COLLECTOR_DRAIN_SECONDS: "0",
  };
  return { site, env };
}

test("a bad configuration ends it with 64 and all problems, of the files too", async () => {
  const { site, env } = await settings();
  const wrong = {
    ...env,
    WEIR_COLLECTOR_SOURCES: join(site.folder, "none"),
    WEIR_COLLECTOR_TLS_KEY: join(site.folder, "sources.yaml"),
  };
  const { status, stderr } = spawnSync(process.execPath, [program], { env: wrong, encoding: "utf8" });
  expect([status, stderr.replaceAll(site.folder, "")]).toEqual([
    64,
    [
      "weir-collector: the configuration has 2 problems",
      "  /tls.crt, /sources.yaml: are not a certificate and its key as PEM",
      "  /none: cannot be read (ENOENT); name a file of sources",
      "",
    ].join("\n"),
  ]);
});

test("it starts, takes, and stops in good order on SIGTERM with everything under a checkpoint; a second one is refused meanwhile", async () => {
  const { site, env } = await settings();
  const child = spawn(process.execPath, [program], { env, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (bytes) => (log += bytes));
  const ended = new Promise((done) => child.once("close", done));
  const eventOf = (name: string) => log.split("\n").find((line) => line.includes(`"${name}"`));
  while (eventOf("collector_started") === undefined) await new Promise((done) => setTimeout(done, 20));
  const { port } = JSON.parse(eventOf("collector_started")!);
  const chain = new ChainMaker("0123456789abcdef0123456789abcdef");
  const token = await site.token();
  const registered = await ask(port, site.ca.certificate, "POST", "/v1/chains", { token, body: chain.registration() });
  expect(registered.status).toBe(200);
  const second = spawnSync(process.execPath, [program], { env, encoding: "utf8" });
  expect([second.status, second.stderr]).toEqual([
    69,
    expect.stringContaining("is in use by another collector; there can be only one"),
  ]);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(log).toContain('"collector_stopped"');
  expect(log).not.toContain(token.slice(0, 30));
  const verified = spawnSync(
    process.execPath,
    [resolve(import.meta.dirname, "../../cmd/weir/main.ts"), "verify", site.config.data, "--json"],
    { encoding: "utf8" },
  );
  expect([verified.status, JSON.parse(verified.stdout).log.size]).toEqual([0, 1]);
});
