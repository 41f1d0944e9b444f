// The shipper beside a real spool and a small collector: what was written arrives once, in order, signed, and only then is let go.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemFiles } from "../../pkg/audit/spool-files.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import type { AuditWriter } from "../../pkg/audit/writer.ts";
import { makeCertificate } from "../../pkg/localdb/certificate.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { jsonLogger, silentLogger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { CommittedMark } from "../../pkg/shipping/committed.ts";
import { retryAfterMs } from "../../pkg/shipping/destination.ts";
import type { Pauses } from "../../pkg/shipping/pauses.ts";
import { SetBacks } from "../../pkg/shipping/set-backs.ts";
import { type Shipping, type ShippingSettings, startShipping } from "../../pkg/shipping/shipping.ts";
import { decision, newFolder, openWriter, outcome, place, removeFolders, session } from "../audit/fixtures.ts";
import { linesOf } from "../audit/spool-lines.ts";
import { type Fault, type Kept, type Running, startReceiver } from "./receiver.ts";

interface World {
  readonly folder: string;
  readonly writer: AuditWriter;
  readonly log: string[];
  readonly broken: string[];
  ship(more?: Partial<ShippingSettings>): Shipping;
}

let running: Running[] = [];
let shippings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of shippings) await stop();
  for (const receiver of running) await receiver.stop();
  [running, shippings] = [[], []];
  removeFolders();
});

async function receive(options: Partial<Parameters<typeof startReceiver>[0]> = {}): Promise<Running> {
  const folder = newFolder();
  mkdirSync(folder);
  const receiver = await startReceiver({ folder, ...options });
  running.push(receiver);
  return receiver;
}

function open(url: string, folder = newFolder()): World {
  const committed = new CommittedMark();
  const writer = openWriter(
    folder,
    { segmentBytesMax: 20_000 },
    { clock: systemClock, committed: (segment, bytes) => committed.set(segment, bytes) },
  );
  const log: string[] = [];
  const broken: string[] = [];
  const logger = jsonLogger(
    (line) => log.push(line),
    "debug",
    () => Date.now(),
  );
  return {
    folder,
    writer,
    log,
    broken,
    ship(more = {}) {
      const settings = {
        folder,
        claims: place,
        url,
        token: null,
        ca: null,
        certificate: null,
        key: null,
        deadLetterBytesMax: 2 ** 20,
        version: "0.1.0",
      };
      const shipping = startShipping(
        { ...settings, ...more },
        {
          committed,
          files: systemFiles,
          clock: systemClock,
          random: systemRandom,
          logger,
          release: (segment) => writer.release(segment),
          breakChain: (chain, why) => broken.push(`${chain} ${why}`),
        },
      );
      shippings.push(() => shipping.finish(at(writer), 0));
      return shipping;
    },
  };
}

function at(writer: AuditWriter) {
  return { ...writer.position, depthBytes: writer.counters().depthBytes };
}

function write(writer: AuditWriter, from: number, count: number): void {
  for (let n = from; n < from + count; n++) writer.write([decision(n), outcome(n)]);
}

async function until<T>(find: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    await pause(5);
  }
}

const numbers = (kept: readonly Kept[]) => kept.map(({ number }) => number);
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

test("what is written arrives in order and as it was hashed, and then its segments go", async () => {
  const { receiver, url } = await receive();
  const { writer, folder, ship } = open(url);
  writer.write([session("open")]);
  const lines: string[] = [];
  write(writer, 1, 150);
  lines.push(...linesOf(folder));
  const shipping = ship();
  await until(() => receiver.kept().length === 302);
  expect(receiver.kept().map(({ record }) => record)).toEqual(lines.map((line) => line.slice(86, -1)));
  expect(numbers(receiver.kept())).toEqual(upTo(302));
  await until(() => readdirSync(folder).filter((name) => name.startsWith("segment-")).length === 1);
  expect(shipping.counters()).toMatchObject({ records: 302, retries: 0, deadLetters: 0, oldestMs: 0 });
  const [segment] = receiver.segments;
  expect(segment!.resource).toEqual({
    "service.name": "weir-sidecar",
    "service.version": "0.1.0",
    "service.instance.id": "orders-0",
    "k8s.cluster.name": "eu-1",
    "k8s.namespace.name": "shop",
    "k8s.pod.name": "orders-0",
    "deployment.environment.name": "production",
    "weir.chain": writer.position.chain,
  });
  expect(segment!.logs.slice(0, 4).map(({ name, attributes }) => [name, attributes["weir.sequence"]])).toEqual([
    ["weir.chain", 0],
    ["weir.session.start", 1],
    ["weir.query", 2],
    ["weir.query.outcome", 3],
  ]);
  writer.close("done");
  expect(await shipping.finish(at(writer), 5000)).toEqual({ records: 0 });
  expect(receiver.kept().at(-1)!.record).toContain("Chain of records: close");
  expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", chains: [{ closed: true }] });
});

describe("what a collector may do wrong", () => {
  const answers =
    (status: number, type: string, body: string): Fault =>
    (_, response) => {
      response.writeHead(status, { "content-type": type }).end(body);
      return true;
    };
  const faults: Readonly<Record<string, Fault>> = {
    "an error": answers(500, "text/plain", "oh"),
    "an acknowledgement that is none": answers(200, "text/html", "<p>welcome</p>"),
    "JSON that is none": answers(200, "application/json", "{"),
    "protobuf that is none": answers(200, "application/x-protobuf", "\xff\xff"),
    "a conflict without a place": answers(409, "application/json", "{}"),
    "a token that is not known": answers(401, "application/json", '{"error":"expired"}'),
    "a reset in the middle of the body": (request) => {
      request.once("data", () => request.socket.resetAndDestroy());
      return true;
    },
    "an answer that ends too early": (request, response) => {
      response.writeHead(200, { "content-type": "application/x-protobuf", "content-length": "10" });
      response.write("abc", () => request.socket.destroy());
      return true;
    },
  };

  test.each(Object.entries(faults))("%s: it goes on trying, and nothing is lost or doubled", async (_, fault) => {
    let left = 3;
    const { receiver, url } = await receive({ fault: () => (left-- > 0 ? fault : null) });
    const { writer, ship } = open(url);
    write(writer, 0, 20);
    const shipping = ship();
    await until(() => shipping.counters().records >= 41);
    expect(numbers(receiver.kept())).toEqual(upTo(41));
    expect(shipping.counters()).toMatchObject({ records: 41, deadLetters: 0, missing: 0 });
    expect(shipping.counters().retries).toBeGreaterThanOrEqual(3);
  });

  test("pauses grow, and are never shorter than Retry-After asks", async () => {
    const waited: number[] = [];
    const pauses = { isStopped: false, pause: async (ms: number) => void waited.push(ms) };
    const setBacks = new SetBacks(pauses as unknown as Pauses, { logger: silentLogger, random: () => 0.5 });
    const asks = [
      {},
      {},
      { "retry-after": "7" },
      { "retry-after": "Thu, 01 Jan 1970 00:00:20 GMT" },
      { "retry-after": "soon" },
    ];
    for (const headers of asks) await setBacks.wait({ why: "busy", waitMs: retryAfterMs(headers, 10_000) });
    expect(waited).toEqual([125, 250, 7_500, 11_000, 2_000]);
    setBacks.over();
    await setBacks.wait({ why: "busy", waitMs: null });
    expect(waited.at(-1)).toBe(125);
    expect(setBacks.total).toBe(6);
  });

  test("an acknowledgement that never arrived: what is sent again is known there", async () => {
    let cut = true;
    const { receiver, url, port } = await receive({ moment: (when) => when === "after" && cut && sever() });
    let sever = () => {};
    const { writer, ship } = open(url);
    sever = () => {
      cut = false;
      throw new Error(`an answer that is lost on port ${port}`);
    };
    write(writer, 0, 20);
    const shipping = ship();
    await until(() => shipping.counters().records >= 41);
    expect(numbers(receiver.kept())).toEqual(upTo(41));
  });
});

test("with a certificate of its own in place of a token", async () => {
  const ca = makeCertificate("ca", ["ca"], {});
  const server = makeCertificate("collector", ["127.0.0.1"], { issuer: ca });
  const client = makeCertificate("sidecar", ["sidecar"], { issuer: ca });
  const tls = {
    cert: server.certificate,
    key: server.key,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const { receiver, url } = await receive({ tls });
  const { writer, folder, log, ship } = open(url);
  const files = { ca: ca.certificate, certificate: client.certificate, key: client.key };
  const put = (name: keyof typeof files) => {
    const file = join(dirname(folder), name);
    writeFileSync(file, files[name]);
    return file;
  };
  write(writer, 0, 3);
  const without = ship({ ca: put("ca") });
  await until(() => log.some((line) => line.includes('"shipping.failed"')));
  await without.finish(at(writer), 0);
  expect(receiver.asked).toEqual([]);
  ship({ ca: put("ca"), certificate: put("certificate"), key: put("key") });
  await until(() => receiver.kept().length === 7);
});

test("connections are kept: many segments need one", async () => {
  const { receiver, url } = await receive();
  let connections = 0;
  running.at(-1)!.server.on("connection", () => connections++);
  const { writer, ship } = open(url);
  write(writer, 0, 300);
  const shipping = ship();
  await until(() => shipping.counters().records === 601);
  expect(receiver.segments.length).toBeGreaterThan(5);
  expect(connections).toBe(1);
});

test("a collector that refuses chain after chain gets them ever more slowly, and the rest waits in the spool", async () => {
  const { receiver, url } = await receive();
  const { writer, log, ship } = open(url);
  receiver.rejects = 1000;
  write(writer, 0, 1);
  const shipping = ship();
  await until(() => shipping.counters().deadLetters >= 3);
  writer.beginAnew("again");
  write(writer, 1, 1);
  await until(() => log.filter((line) => line.includes('"shipping.broken"')).length === 2);
  expect(shipping.counters().deadLetters).toBe(3);
});

test("what the collector refuses goes to the dead letters, and a chain that begins anew goes on", async () => {
  const { receiver, url } = await receive();
  const { writer, folder, log, broken, ship } = open(url);
  write(writer, 0, 5);
  receiver.rejects = 1;
  const shipping = ship();
  await until(() => shipping.counters().deadLetters === 11);
  const letters = readFileSync(join(folder, "dead-letters.jsonl"), "utf8").split("\n").slice(0, -1);
  expect(JSON.parse(letters[0]!)).toMatchObject({ why: "the collector refused 11 records: fork", records: 11 });
  expect(letters.slice(1)).toEqual(linesOf(folder));
  expect(broken).toEqual([`${writer.position.chain} the collector refused 11 records: fork`]);
  expect(log.filter((line) => line.includes('"shipping.broken"'))).toHaveLength(1);
  const { chain } = writer.position;
  writer.beginAnew("the collector refused it");
  write(writer, 100, 2);
  await until(() => receiver.kept().length >= 5);
  expect(writer.position.chain).not.toBe(chain);
  expect(receiver.kept().every((kept) => kept.chain === writer.position.chain)).toBe(true);
  expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
});

test("a collector that has lost what it acknowledged is told that there is a gap", async () => {
  const { receiver, url } = await receive();
  const { writer, folder, log, ship } = open(url);
  write(writer, 0, 100);
  const shipping = ship();
  await until(() => receiver.kept().length === 201 && linesOf(folder).length < 100);
  await shipping.finish(at(writer), 5000);
  const first = JSON.parse(linesOf(folder)[0]!).record.metadata.sequence;
  receiver.forget();
  write(writer, 100, 1);
  const next = ship();
  await until(() => next.counters().lastAckMs > 0 && next.counters().oldestMs === 0);
  expect(next.counters()).toMatchObject({ missing: first });
  expect(receiver.segments.at(-1)!.resource).toBeDefined();
  expect(log.some((line) => line.includes('"shipping.gap"'))).toBe(true);
  expect(receiver.standing(writer.position.chain).next).toBe(203);
});

test("a spool that was put back to an older state begins a new chain instead of a fork", async () => {
  const { receiver, url } = await receive();
  const first = open(url);
  write(first.writer, 0, 10);
  const files = readdirSync(first.folder).map((name) => [name, readFileSync(join(first.folder, name))] as const);
  write(first.writer, 10, 10);
  const shipping = first.ship();
  await until(() => receiver.kept().length === 41);
  await shipping.finish(at(first.writer), 5000);

  const older = newFolder();
  mkdirSync(older, { recursive: true });
  for (const [name, bytes] of files) if (name !== "lock") writeFileSync(join(older, name), bytes);
  const second = open(url, older);
  write(second.writer, 50, 1);
  second.ship();
  await until(() => second.broken.length > 0);
  expect(second.broken[0]).toMatch(/the collector holds (records that are not here|another record)/);
});

test("over TLS: a wrong CA is an error, a right one put in its place is read, and a new token too", async () => {
  const { certificate, key } = makeCertificate("collector", ["127.0.0.1"]);
  const { receiver, url } = await receive({ tls: { cert: certificate, key }, token: "second" });
  const { writer, folder, log, ship } = open(url);
  const [ca, token] = [join(dirname(folder), "ca.crt"), join(dirname(folder), "token")];
  writeFileSync(ca, makeCertificate("another", ["127.0.0.1"]).certificate);
  writeFileSync(token, "first\n");
  write(writer, 0, 3);
  ship({ ca, token });
  await until(() => log.some((line) => line.includes("CERT")));
  expect(receiver.asked).toEqual([]);
  writeFileSync(ca, certificate);
  await until(() => receiver.asked.length > 0);
  expect(receiver.kept()).toEqual([]);
  writeFileSync(token, "second\n");
  await until(() => receiver.kept().length === 7);
  expect(existsSync(token) && log.some((line) => /first|second/.test(line))).toBe(false);
});
