// Forwarding to other systems: real HTTPS and TLS servers that fail, break off and come back; nothing is lost and repeats show.
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { cleanUp, newSite, type Site, startOn, type TestCollector } from "./fixtures.ts";

const servers: { close(): unknown }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await cleanUp();
});

const readText = (file: string) => readFileSync(file, "utf8");
const CHAIN = "0123456789abcdef0123456789abcdef";

interface Seen {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Answers as `status` says, after it has read everything. */
async function receiver(site: Site, status: (seen: Seen, at: number) => number) {
  const seen: Seen[] = [];
  const { cert, key } = certificateOf(site);
  const server: Server = createServer({ cert, key }, async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const one = { headers: request.headers, body: Buffer.concat(pieces).toString() };
    seen.push(one);
    const code = status(one, seen.length - 1);
    if (code === 0) return void request.socket.destroy();
    response.writeHead(code, { "content-type": "application/json" }).end("{}");
  });
  servers.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { seen, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/in` };
}

function certificateOf({ folder }: Site) {
  return { cert: readText(join(folder, "tls.crt")), key: readText(join(folder, "tls.key")) };
}

/** A site that forwards as `forward` says, with `ca` and other files in its folder. */
async function siteWith(forward: (site: Site) => Promise<string>) {
  const site = await newSite();
  writeFileSync(join(site.folder, "server-ca.pem"), site.ca.certificate);
  const file = site.config.sources!;
  writeFileSync(file, `${readText(file)}\nforward:\n${await forward(site)}\n`);
  return site;
}

async function sendingTo(site: Site, collector: TestCollector, maker: ChainMaker) {
  const token = await site.token();
  await collector.ask("POST", "/v1/chains", { token, body: maker.registration() });
  let sent = 0;
  return async (count: number, more: Parameters<ChainMaker["statements"]>[1] = {}) => {
    maker.statements(count, more);
    expect(
      (await collector.ask("POST", "/v1/logs", { token, body: otlpJson([maker.seal(sent)]).toString() })).json,
    ).toEqual({});
    sent = maker.records.length;
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((done) => setTimeout(done, 20));
}

const sequencesIn = (texts: readonly string[]) =>
  texts.flatMap((text) =>
    JSON.parse(text).data.records.map(
      (record: { unmapped: { weir: { forward: { sequence: number } } } }) => record.unmapped.weir.forward.sequence,
    ),
  );

test("a webhook gets every record once it is back, signed, and the same id for the same records", async () => {
  const secret = Buffer.alloc(32, 7);
  let at = { seen: [] as Seen[], url: "" };
  const site = await siteWith(async (here) => {
    at = await receiver(here, (_, n) => [503, 0, 200][n] ?? 200);
    writeFileSync(join(here.folder, "hook.secret"), `whsec_${secret.toString("base64")}\n`);
    return `- {name: hook, webhook: {url: "${at.url}", secretFile: ${join(here.folder, "hook.secret")}, ca: ${join(here.folder, "server-ca.pem")}}}`;
  });
  const collector = await startOn(site);
  const send = await sendingTo(site, collector, new ChainMaker(CHAIN));
  await send(2);
  await until(() => at.seen.length >= 3);
  const [first, second, third] = at.seen as [Seen, Seen, Seen];
  expect(new Set([first, second, third].map(({ headers }) => headers["webhook-id"]))).toEqual(new Set(["hook-1-4"]));
  for (const { headers, body } of at.seen) {
    const signed = createHmac("sha256", secret)
      .update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`)
      .digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${signed}`);
  }
  expect(sequencesIn([third.body])).toEqual([1, 2, 3, 4]);
  expect(collector.lines.join()).not.toContain(secret.toString("base64"));
});

test("over restarts in the middle nothing is lost, and what comes twice has the same number", async () => {
  let at = { seen: [] as Seen[], url: "" };
  const site = await siteWith(async (here) => {
    at = await receiver(here, (_, n) => (n % 3 === 1 ? 0 : 200));
    writeFileSync(join(here.folder, "hook.secret"), `whsec_${Buffer.alloc(24).toString("base64")}`);
    return `- {name: hook, webhook: {url: "${at.url}", secretFile: ${join(here.folder, "hook.secret")}, ca: ${join(here.folder, "server-ca.pem")}}}`;
  });
  const maker = new ChainMaker(CHAIN);
  let send: Awaited<ReturnType<typeof sendingTo>> | null = null;
  for (let run = 0; run < 3; run++) {
    const collector = await startOn(site);
    if (send === null) send = await sendingTo(site, collector, maker);
    else send = await resumed(site, collector, maker);
    await send(3);
    if (run < 2) await collector.stop("test");
    else await until(() => new Set(sequencesIn(at.seen.map(({ body }) => body))).size >= 18);
  }
  const bySequence = new Map<number, string>();
  for (const { body } of at.seen)
    for (const record of JSON.parse(body).data.records) {
      const { sequence } = record.unmapped.weir.forward;
      expect(bySequence.get(sequence) ?? record.metadata.uid).toBe(record.metadata.uid);
      bySequence.set(sequence, record.metadata.uid);
    }
  expect([...bySequence.keys()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: bySequence.size }, (_, n) => n + 1),
  );
  const own = [...bySequence.values()].filter((uid) => uid.startsWith(CHAIN));
  expect(own.sort()).toEqual(maker.records.map((_, n) => `${CHAIN}/${n}`).sort());
});

async function resumed(site: Site, collector: TestCollector, maker: ChainMaker) {
  const token = await site.token();
  return async (count: number) => {
    const before = maker.records.length;
    maker.statements(count);
    expect(
      (await collector.ask("POST", "/v1/logs", { token, body: otlpJson([maker.seal(before)]).toString() })).json,
    ).toEqual({});
  };
}

test("only what was asked for goes, with facts in full; what is refused is put aside and holds up nothing", async () => {
  let at = { seen: [] as Seen[], url: "" };
  const site = await siteWith(async (here) => {
    at = await receiver(here, ({ body }) => (body.includes("DROP TABLE orders") ? 400 : 200));
    return `- {name: siem, ocsf: {url: "${at.url}", ca: ${join(here.folder, "server-ca.pem")}}, only: {namespaces: [shop], verdicts: [refuse]}}`;
  });
  const collector = await startOn(site);
  const send = await sendingTo(site, collector, new ChainMaker(CHAIN));
  await send(2);
  await send(1, { verdict: "refuse", text: { form: "normalized", text: "DROP TABLE orders", fingerprint: "a" } });
  await send(1, { verdict: "refuse", text: { form: "normalized", text: "DROP TABLE other", fingerprint: "b" } });
  await until(
    async () => (await collector.metric("forward_refused")) === 1 && at.seen.some(({ body }) => body.includes("other")),
  );
  const taken = at.seen.flatMap(({ body }) =>
    body
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
  expect(new Set(taken.map(({ class_uid }) => class_uid))).toEqual(new Set([6005]));
  expect(
    taken
      .filter(({ unmapped }) => unmapped.weir.kind === "decision")
      .every(({ unmapped }) => unmapped.weir.facts.understood === true),
  ).toBe(true);
  expect(collector.lines.some((line) => line.includes("forward_refused"))).toBe(true);
});

test("OTLP: the body is the exact text that was hashed", async () => {
  let at = { seen: [] as Seen[], url: "" };
  const site = await siteWith(async (here) => {
    at = await receiver(here, () => 200);
    writeFileSync(join(here.folder, "token"), "a-token-of-the-backend");
    return `- {name: backup, otlp: {url: "${at.url}", tokenFile: ${join(here.folder, "token")}, ca: ${join(here.folder, "server-ca.pem")}}}`;
  });
  const collector = await startOn(site);
  const maker = new ChainMaker(CHAIN);
  await (await sendingTo(site, collector, maker))(2);
  await until(() => at.seen.length > 0);
  expect(at.seen[0]!.headers.authorization).toBe("Bearer a-token-of-the-backend");
  const logs = JSON.parse(at.seen[0]!.body).resourceLogs[0].scopeLogs[0].logRecords;
  expect(logs.map((log: { body: { stringValue: string } }) => log.body.stringValue)).toEqual(maker.records.map(String));
});

test("syslog over TLS: a line broken off comes again with its number", async () => {
  const lines: string[] = [];
  let port = 0;
  let connections = 0;
  const site = await siteWith(async (here) => {
    const server = createTlsServer(certificateOf(here), (socket: TLSSocket) => {
      const breaks = connections++ === 0;
      let waiting = Buffer.alloc(0);
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (breaks) return void socket.destroy();
        waiting = Buffer.concat([waiting, bytes]);
        for (;;) {
          const space = waiting.indexOf(" ");
          const length = Number(waiting.subarray(0, Math.max(space, 0)));
          if (space < 1 || waiting.length < space + 1 + length) return;
          lines.push(waiting.subarray(space + 1, space + 1 + length).toString());
          waiting = waiting.subarray(space + 1 + length);
        }
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
    return `- {name: siem, syslog: {address: "127.0.0.1:${port}", ca: ${join(here.folder, "server-ca.pem")}}}`;
  });
  const collector = await startOn(site);
  await (await sendingTo(site, collector, new ChainMaker(CHAIN)))(2);
  await until(() => lines.length >= 4);
  expect(connections).toBe(2);
  expect(
    lines
      .slice(0, 4)
      .map(
        (line) =>
          /^<110>1 \S+Z \S+ weir-collector - record \[weir@32473 destination="siem" sequence="(\d+)" uid="[0-9a-f]{32}\/\d+"\] \ufeff\{/.exec(
            line,
          )?.[1],
      ),
  ).toEqual(["1", "2", "3", "4"]);
});

test("what does not fit in the configuration is told with its place", async () => {
  const site = await siteWith(
    async () => `- {name: a, webhook: {url: "http://x.example.com/", secretFile: s}}
- {name: a, syslog: {address: "siem"}, only: {verdicts: [denied]}}
- {name: b}`,
  );
  await expect(startOn(site)).rejects.toThrow(
    /forward\[0\]\.webhook\.url.*https.*forward\[1\].*denied.*forward\[1\]\.syslog\.address.*forward\[2\]: has to say how.*\\"a\\" is there twice/s,
  );
});
