// What the collector holds, shows and proves: over restarts, deletions, holds and exports.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { canonicalJson } from "../../pkg/audit/canonical-json.ts";
import { type CollectorFiles, systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { lockData } from "../../pkg/collector/data-lock.ts";
import { parseCheckpoint, signCheckpoint } from "../../pkg/ledger/checkpoint.ts";
import { leafHash } from "../../pkg/ledger/merkle.ts";
import { checkNote, parseNote, parseSkey, parseVkey } from "../../pkg/ledger/note.ts";
import { openSegment } from "../../pkg/ledger/segment.ts";
import { verifyLedger } from "../../pkg/ledger/verify-ledger.ts";
import { verifyRecordProof } from "../../pkg/ledger/verify-record-proof.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { cleanUp, HOLDER, newSite, type Site, startOn, type TestCollector } from "./fixtures.ts";
import { logKeyOf, verifyBytes } from "./verify-bytes.ts";
import { startWitness, type TestWitness } from "./witness.ts";

const witnesses: TestWitness[] = [];
afterEach(async () => {
  await cleanUp();
  for (const witness of witnesses.splice(0)) await witness.close();
});

const CHAIN = "0123456789abcdef0123456789abcdef";
const BANK = "b".repeat(32);
const DAY_MS = 86_400_000;

async function fill(site: Site, collector: TestCollector, chain: ChainMaker, from = 0): Promise<void> {
  const { namespace } = chain.place;
  const token = await site.token({ namespace });
  expect((await collector.ask("POST", "/v1/chains", { token, body: chain.registration() })).status).toBe(200);
  for (let first = from; first < chain.records.length; first += 10) {
    const sealed = chain.seal(first, Math.min(first + 9, chain.records.length - 1));
    const body = otlpJson([sealed]).toString();
    expect((await collector.ask("POST", "/v1/logs", { token, body })).json).toEqual({});
  }
}

/** The clock runs on by `days`. */
const later = (days: number) => ({ clock: { ...systemClock, nowMs: () => Date.now() + days * DAY_MS } });
const recently = () => Date.now() - 10 * DAY_MS;

/** Without the collector's own chain, which the look-ups of the tests themselves fill. */
const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith("weir-collector/"))
    .sort();
const ofSidecars = (chains: readonly { readonly namespace: string }[]) =>
  chains.filter(({ namespace }) => namespace !== "weir-collector").map((chain) => ({ ...chain, heardMs: null }));

test("evidence of a selection is intact for a stranger, and over a restart the log goes on from what it was", async () => {
  const site = await newSite();
  const first = await startOn(site);
  const chain = new ChainMaker(CHAIN).statements(20);
  await fill(site, first, chain);
  await fill(site, first, new ChainMaker(BANK, { namespace: "bank" }).statements(5));
  await first.upkeep();
  const before = (await first.ask("GET", "/v1/checkpoint", { token: null })).bytes.toString();
  await first.stop("restart");

  const second = await startOn(site);
  expect(logKeyOf(second)).toBe(logKeyOf(first));
  expect((await second.ask("GET", "/checkpoint")).bytes.toString()).toBe(before);
  chain.statements(5);
  await fill(site, second, chain, 40);
  const evidence = await second.ask("POST", "/v1/evidence", { body: { namespace: "shop" } });
  expect(evidence.status).toBe(200);
  const report = verifyBytes(evidence.bytes, logKeyOf(second));
  expect([report.verdict, report.records, report.chains.map(({ chain }) => chain)]).toEqual(["intact", 50, [CHAIN]]);
  const all = await second.ask("POST", "/v1/evidence", { body: { cluster: "eu-1" } });
  expect(verifyBytes(all.bytes, logKeyOf(second))).toMatchObject({ verdict: "intact", records: 60 });
  const trust = { logKey: logKeyOf(second), olderCheckpoint: before };
  // With the two look-ups above, which are records of the collector's own.
  expect(await verifyLedger(site.config.data, trust)).toMatchObject({ verdict: "intact", records: 62 });
  const since = await second.ask("POST", "/v1/evidence", { body: { namespace: "shop", checkpoints: [before] } });
  expect(verifyBytes(since.bytes, logKeyOf(second), before)).toMatchObject({ verdict: "intact", records: 50 });
  expect(verifyBytes(all.bytes, logKeyOf(second), before).verdict).toBe("proof-wrong");
  expect((await second.ask("POST", "/v1/evidence", { body: { cluster: "none" } })).status).toBe(404);
  expect((await second.ask("POST", "/v1/evidence", { body: { namespaces: "shop" } })).json.error).toMatch(
    /no such member/,
  );
});

test("a checkpoint that the log's key never signed, or that has more than the log, is refused for evidence", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  await fill(site, collector, new ChainMaker(CHAIN).statements(5));
  await collector.upkeep();
  const note = (await collector.ask("GET", "/v1/checkpoint")).bytes.toString();
  const signer = parseSkey(readFileSync(join(site.config.data, "log.key"), "utf8"));
  const beyond = signCheckpoint({ ...parseCheckpoint(note).checkpoint, size: 1000 }, [signer]);
  const asked = async (checkpoints: unknown) => {
    const { status, json } = await collector.ask("POST", "/v1/evidence", { body: { checkpoints } });
    return [status, json?.error];
  };
  expect(await asked([note.replace("\n2\n", "\n1\n")])).toEqual([
    400,
    expect.stringContaining("checkpoints[0]: is no"),
  ]);
  expect(await asked([note, note])).toEqual([400, expect.stringContaining("checkpoints[1]: is the second")]);
  expect(await asked("x")).toEqual([400, expect.stringContaining("checkpoints: must be a list")]);
  expect(await asked([beyond])).toEqual([409, expect.stringContaining("it has lost some")]);
  expect(await asked([note])).toEqual([200, undefined]);
});

test("a record is proven by its path to a signed checkpoint, with tiles for whoever wants to see for himself", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const chain = new ChainMaker(CHAIN).statements(20);
  await fill(site, collector, chain);
  const path = `/v1/proof?chain=${CHAIN}&number=17`;
  expect((await collector.ask("GET", path)).status).toBe(409);
  await collector.upkeep();
  const { bytes, json: proof } = await collector.ask("GET", path);
  expect(proof.record).toBe(chain.records[17]!.toString());
  expect(verifyRecordProof("proof", bytes, { logKey: logKeyOf(collector) })).toMatchObject({ verdict: "intact" });
  const { checkpoint } = parseCheckpoint(proof.checkpoint);
  const { header, signature, log } = proof.segment;
  const entry = Buffer.from(canonicalJson({ header, signature, type: "segment" }));
  expect((await collector.ask("GET", `/v1/proof?chain=${CHAIN}&number=40`)).status).toBe(404);
  expect((await collector.ask("GET", "/v1/proof?chain=x&number=1")).status).toBe(400);

  const tile = await collector.ask("GET", `/tile/0/000.p/${checkpoint.size}`, { token: null });
  expect([tile.status, tile.bytes.length]).toEqual([200, 32 * checkpoint.size]);
  expect(tile.bytes.subarray(32 * log.index, 32 * (log.index + 1))).toEqual(leafHash(entry));
  expect((await collector.ask("GET", `/tile/entries/000.p/${checkpoint.size}`, { token: null })).status).toBe(401);
  expect((await collector.ask("GET", `/tile/entries/000.p/${checkpoint.size}`)).bytes.includes(entry)).toBe(true);
  for (const bad of ["/tile/0/001", "/tile/0/../../../log.key", "/tile/0/%2e%2e/%2e%2e/log.key"])
    expect((await collector.ask("GET", bad)).status).toBe(404);
});

test("old segments go, their roots and the word of it stay; what is held stays until it is lifted", async () => {
  const site = await newSite({ keepDays: 30 });
  const first = await startOn(site);
  const chain = new ChainMaker(CHAIN, {}, recently()).statements(20);
  const bank = new ChainMaker(BANK, { namespace: "bank" }, recently()).statements(5);
  await fill(site, first, chain);
  await fill(site, first, bank);
  const hold = { token: HOLDER, body: { namespace: "bank" } };
  expect((await first.ask("PUT", "/v1/legal-holds/case-7", { body: {} })).status).toBe(403);
  expect((await first.ask("PUT", "/v1/legal-holds/case-7", hold)).status).toBe(200);
  expect((await first.ask("PUT", "/v1/legal-holds/case-7", { ...hold, body: { namespace: "shop" } })).status).toBe(409);
  await first.upkeep();
  expect(filesBelow(join(site.config.data, "segments"))).toHaveLength(5);
  await first.stop("a month passes");

  const second = await startOn(site, later(31));
  chain.statements(5);
  await fill(site, second, chain, 40);
  await second.upkeep();
  const left = filesBelow(join(site.config.data, "segments"));
  expect(left.every((file) => file.startsWith("eu-1/bank/"))).toBe(true);
  expect((await second.ask("GET", `/v1/proof?chain=${CHAIN}&number=1`)).status).toBe(404);
  const evidence = await second.ask("POST", "/v1/evidence", { body: { cluster: "eu-1" } });
  const report = verifyBytes(evidence.bytes, logKeyOf(second));
  expect([report.verdict, report.records]).toEqual(["intact", 10]);
  // Sent again, what was deleted is not taken again.
  const token = await site.token();
  const again = otlpJson([chain.seal(0, 9)]).toString();
  expect((await second.ask("POST", "/v1/logs", { token, body: again })).json).toEqual({});
  expect(filesBelow(join(site.config.data, "segments"))).toEqual(left);

  expect((await second.ask("DELETE", "/v1/legal-holds/case-7", { token: HOLDER })).status).toBe(200);
  expect((await second.ask("DELETE", "/v1/legal-holds/case-7", { token: HOLDER })).status).toBe(404);
  await second.upkeep();
  expect(filesBelow(join(site.config.data, "segments"))).toEqual([]);
  expect((await second.ask("GET", "/v1/legal-holds")).json).toEqual({ holds: [] });
});

test("what retention deletes stays until a checkpoint has signed the word of it, also when that fails for a while", async () => {
  const site = await newSite({ keepDays: 30 });
  const first = await startOn(site);
  const chain = new ChainMaker(CHAIN, {}, recently()).statements(20);
  await fill(site, first, chain);
  await first.upkeep();
  await first.stop("a month passes");
  let canSign = false;
  const files: CollectorFiles = {
    ...systemCollectorFiles,
    async replaceAll(all) {
      if (!canSign && all.some(([name]) => name.endsWith("checkpoint"))) throw new Error("no checkpoint now");
      await systemCollectorFiles.replaceAll(all);
    },
  };
  const second = await startOn(site, { ...later(31), files });
  const logKey = logKeyOf(second);
  await second.upkeep();
  expect(filesBelow(join(site.config.data, "segments"))).toHaveLength(4);
  expect(await verifyLedger(site.config.data, { logKey })).toMatchObject({ verdict: "intact", records: 40 });
  canSign = true;
  // The ledger is opened anew first, after a while.
  while (filesBelow(join(site.config.data, "segments")).length > 0) {
    await delay(50);
    await second.upkeep();
  }
  expect(await verifyLedger(site.config.data, { logKey })).toMatchObject({ verdict: "intact", records: 0 });
});

test("records with a clock in the past do not go when they come", async () => {
  const site = await newSite({ keepDays: 30 });
  const collector = await startOn(site);
  await fill(site, collector, new ChainMaker(CHAIN, {}, 5_000).statements(10));
  await collector.upkeep();
  expect(filesBelow(join(site.config.data, "segments"))).toHaveLength(2);
  await collector.stop("a month passes");
  const second = await startOn(site, later(31));
  await second.upkeep();
  expect(filesBelow(join(site.config.data, "segments"))).toEqual([]);
});

test("a clock that is set back within a segment does not hide it from a selection of that time", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const chain = new ChainMaker(CHAIN, {}, 1_800_000_000_000).statements(1);
  chain.timeMs -= 3_600_000;
  chain.statements(4);
  await fill(site, collector, chain);
  const body = { from: 1_800_000_000_000 - 1_800_000, to: 1_800_000_000_000 - 1_700_000 };
  expect((await collector.ask("POST", "/v1/evidence", { body })).status).toBe(200);
});

test("the export holds every segment by date, the full tiles and each checkpoint, and is not waited for by nobody", async () => {
  const site = await newSite({ exportFolder: "" });
  const folder = join(site.folder, "export");
  const collector = await startOn({ ...site, config: { ...site.config, exportFolder: folder } });
  const chain = new ChainMaker(CHAIN).statements(10);
  await fill(site, collector, chain);
  await collector.upkeep();
  const segment = (name: string) => `segments/2027/01/15/eu-1/shop/${CHAIN}/${name}.segment`;
  expect(filesBelow(folder)).toEqual([
    `checkpoints/${"3".padStart(20, "0")}`,
    segment("00000000000000000000-00000000000000000009"),
    segment("00000000000000000010-00000000000000000019"),
  ]);
  const opened = openSegment(readFileSync(join(folder, segment("00000000000000000010-00000000000000000019"))));
  expect(opened!.records).toEqual(chain.records.slice(10, 20));
  await collector.upkeep();
  expect(filesBelow(folder)).toHaveLength(3);
});

test("the index is made anew from the log when it is gone, damaged or of another log", async () => {
  const site = await newSite();
  const first = await startOn(site);
  await fill(site, first, new ChainMaker(CHAIN).statements(20));
  const { json: before } = await first.ask("GET", "/v1/chains");
  await first.stop("restart");
  const file = join(site.config.data, "state", "index.db");
  const damages = [
    () => unlinkSync(file),
    () => writeFileSync(file, "not a database"),
    () => rmSync(join(file, ".."), { recursive: true }),
  ];
  for (const damage of damages) {
    damage();
    const again = await startOn(site);
    const { json: after } = await again.ask("GET", "/v1/chains");
    expect(ofSidecars(after.chains)).toEqual(ofSidecars(before.chains));
    await again.stop("restart");
  }
});

test("there is one collector per folder, a key for its owner only, and a lost key is no reason to take another", async () => {
  const site = await newSite();
  const first = await startOn(site);
  expect(statSync(join(site.config.data, "log.key")).mode & 0o777).toBe(0o600);
  expect(() => lockData(site.config.data)).toThrow(/in use by another collector/);
  await expect(startOn(site)).rejects.toThrow(/in use by another collector/);
  await fill(site, first, new ChainMaker(CHAIN).statements(1));
  await first.stop("restart");
  unlinkSync(join(site.config.data, "log.key"));
  await expect(startOn(site)).rejects.toThrow(/log.key: is gone.*restore it/);
  await expect(startOn({ ...site, config: { ...site.config, origin: "other.example.com" } })).rejects.toThrow(
    /log.key: is gone/,
  );
  expect(existsSync(join(site.config.data, "log.key"))).toBe(false);
});

test("a witness signs each checkpoint, also after a break of either; one that is away or lies is told", async () => {
  let logKey = "";
  const witness = await startWitness(() => parseVkey(logKey));
  witnesses.push(witness);
  const site = await newSite({}, "", `witnesses:\n- {url: "${witness.url}", key: "${witness.vkey}"}\n`);
  const first = await startOn(site);
  logKey = logKeyOf(first);
  const chain = new ChainMaker(CHAIN).statements(10);
  await fill(site, first, chain);
  await first.upkeep();
  const signed = async (collector: TestCollector) =>
    checkNote(parseNote((await collector.ask("GET", "/v1/checkpoint")).bytes.toString()), parseVkey(witness.vkey))
      .signed;
  expect(await signed(first)).toBe(true);
  const older = parseCheckpoint((await first.ask("GET", "/v1/checkpoint")).bytes.toString()).checkpoint;

  witness.fails = 503;
  chain.statements(10);
  await fill(site, first, chain, 20);
  await first.upkeep();
  expect([await signed(first), await first.metric("witnesses_behind")]).toEqual([false, 1]);
  witness.fails = null;
  witness.lies = true;
  await first.upkeep();
  expect(await signed(first)).toBe(false);
  witness.lies = false;
  await first.upkeep();
  expect([await signed(first), await first.metric("witnesses_behind")]).toEqual([true, 0]);
  await first.stop("restart");

  const second = await startOn(site);
  chain.statements(5);
  await fill(site, second, chain, 40);
  await second.upkeep();
  expect(await signed(second)).toBe(true);
  expect(witness.asked.slice(-2)).toEqual([0, expect.any(Number)]);
  expect(witness.head!.size).toBeGreaterThan(older.size);
  const evidence = await second.ask("POST", "/v1/evidence", { body: {} });
  const seen = [{ name: "witness.example.com/w1", timeSeconds: 1_800_000_000 }];
  expect(verifyBytes(evidence.bytes, logKey)).toMatchObject({ verdict: "intact", log: { witnesses: seen } });
});
