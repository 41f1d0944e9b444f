import { gzipSync } from "node:zlib";
import { toldOf } from "../../pkg/collector/told.ts";
import { ChainMaker, otlpJson, otlpProtobuf, type Sealed } from "./chain-maker.ts";
import { chainsOf, cleanUp, newSite, type Site, startOn, type TestCollector } from "./fixtures.ts";

afterEach(cleanUp);

const CHAIN = "0123456789abcdef0123456789abcdef";

interface Started {
  readonly site: Site;
  readonly collector: TestCollector;
  readonly token: string;
  readonly chain: ChainMaker;
}

async function started(): Promise<Started> {
  const site = await newSite();
  const collector = await startOn(site);
  const token = await site.token();
  const chain = new ChainMaker(CHAIN);
  const registered = await collector.ask("POST", "/v1/chains", { token, body: chain.registration() });
  expect([registered.status, registered.json]).toEqual([200, { chain: CHAIN, next: 0, lastHash: "0".repeat(64) }]);
  return { site, collector, token, chain };
}

const send = ({ collector, token }: Started, segments: readonly Sealed[], options: { gap?: boolean } = {}) =>
  collector.ask("POST", "/v1/logs", { token, body: otlpJson(segments, options).toString() });

test("segments are taken as protobuf, packed or not, and as JSON; the chain goes on from each", async () => {
  const { collector, token, chain } = await started();
  chain.statements(30);
  const post = (body: Buffer | string, headers: Record<string, string> = {}) =>
    collector.ask("POST", "/v1/logs", { token, body, headers });
  const first = await post(otlpProtobuf([chain.seal(0, 9)]));
  expect([first.status, first.headers["content-type"], first.bytes.length]).toEqual([200, "application/x-protobuf", 0]);
  expect(
    (await post(gzipSync(otlpProtobuf([chain.seal(10, 19), chain.seal(20, 29)])), { "content-encoding": "gzip" }))
      .status,
  ).toBe(200);
  const json = await post(otlpJson([chain.seal(30, 59)]).toString());
  expect([json.status, json.json]).toEqual([200, {}]);
  const chains = await chainsOf(collector);
  expect(chains).toMatchObject([
    { chain: CHAIN, next: 60, lastHash: chain.hashes[59], state: "open", gaps: 0, forks: 0 },
  ]);
  // With the look-up of the chains, which is a record of the collector itself.
  expect(await collector.metric("records_stored_total")).toBe(61);
});

test("what comes again changes nothing, however it is cut", async () => {
  const all = await started();
  all.chain.statements(20);
  expect((await send(all, [all.chain.seal(0, 19)])).status).toBe(200);
  expect((await send(all, [all.chain.seal(20, 39)])).status).toBe(200);
  const size = await all.collector.metric("log_entries");
  for (const again of [all.chain.seal(0, 19), all.chain.seal(5, 30), all.chain.seal(39, 39)])
    expect((await send(all, [again])).json).toEqual({});
  expect(await all.collector.metric("log_entries")).toBe(size);
  expect(await all.collector.metric("records_known_total")).toBe(20 + 26 + 1);
});

test("what does not follow is told where to go on: beyond the end, and over it", async () => {
  const all = await started();
  all.chain.statements(20);
  const where = { code: "does-not-follow", chain: CHAIN, next: 0, lastHash: "0".repeat(64) };
  expect(await send(all, [all.chain.seal(10, 19)])).toMatchObject({ status: 409, json: where });
  expect((await send(all, [all.chain.seal(0, 9)])).status).toBe(200);
  const after = { ...where, next: 10, lastHash: all.chain.hashes[9] };
  expect(await send(all, [all.chain.seal(5, 14)])).toMatchObject({ status: 409, json: after });
  // Two in one request that leave a hole: the first is kept.
  expect(await send(all, [all.chain.seal(10, 14), all.chain.seal(20, 24)])).toMatchObject({
    status: 409,
    json: { next: 15 },
  });
  expect((await send(all, [all.chain.seal(15, 39)])).status).toBe(200);
});

test("a gap that the sidecar tells is taken, entered in the log and an alarm", async () => {
  const all = await started();
  all.chain.statements(10);
  expect((await send(all, [all.chain.seal(0, 4)])).status).toBe(200);
  expect((await send(all, [all.chain.seal(10, 19)], { gap: true })).status).toBe(200);
  const { alarms } = (await all.collector.ask("GET", "/v1/alarms")).json;
  expect(alarms).toMatchObject([{ type: "gap", chain: CHAIN, from: 5, to: 9 }]);
  expect(await all.collector.metric("chain_gaps")).toBe(1);
  expect(all.collector.lines.filter((line) => line.startsWith("error chain_gap"))).toHaveLength(1);
  // What was told to be gone does not come back by another way.
  const late = await send(all, [all.chain.seal(5, 9)]);
  expect(late.json.partialSuccess.rejectedLogRecords).toBe("5");
});

test("a fork is refused, entered once and an alarm, at its end and inside", async () => {
  const all = await started();
  const other = new ChainMaker(CHAIN);
  other.key = all.chain.key;
  all.chain.statements(10);
  other.statements(10, { database: "other" });
  expect((await send(all, [all.chain.seal(0, 9)])).status).toBe(200);
  for (const forked of [other.seal(10, 19), other.seal(0, 9), other.seal(4, 12), other.seal(10, 19)]) {
    const { status, json } = await send(all, [forked]);
    expect([status, Number(json.partialSuccess.rejectedLogRecords)]).toEqual([200, forked.records.length]);
  }
  const { alarms } = (await all.collector.ask("GET", "/v1/alarms")).json;
  expect(alarms.map(({ type, number }: { type: string; number: number }) => [type, number])).toEqual([
    ["fork", 4],
    ["fork", 0],
    ["fork", 9],
  ]);
  expect((await send(all, [all.chain.seal(10, 19)])).json).toEqual({});
});

test("a lying sidecar gets nothing in", async () => {
  const all = await started();
  const { chain } = all;
  chain.statements(10);
  const good = chain.seal(0, 9);
  const flipped = Buffer.from(
    good.records[3]!.toString().replace('"database":{"name":"shop"', '"database":{"name":"shoq"'),
  );
  const lies: Record<string, Sealed> = {
    "a changed record": { ...good, records: good.records.with(3, flipped) },
    "a record less": { ...good, records: good.records.slice(0, -1) },
    "records in another order": { ...good, records: good.records.with(2, good.records[3]!).with(3, good.records[2]!) },
    "a header of another segment": { ...good, headerText: chain.seal(0, 11).headerText },
    "a signature of another segment": { ...good, signature: chain.seal(0, 11).signature },
    "records that are none": { ...good, records: good.records.map(() => Buffer.from("{}")) },
  };
  for (const [what, lie] of Object.entries(lies)) {
    const { status, json } = await send(all, [lie]);
    expect([what, status, Number(json.partialSuccess?.rejectedLogRecords)]).toEqual([what, 200, lie.records.length]);
  }
  const stranger = new ChainMaker(CHAIN).statements(5);
  expect(await send(all, [stranger.seal()])).toMatchObject({ status: 409, json: { code: "unknown-key", next: 0 } });
  const elsewhere = new ChainMaker(CHAIN, { namespace: "bank" }).statements(5);
  elsewhere.key = chain.key;
  expect((await send(all, [elsewhere.seal()])).status).toBe(403);
  const { collector } = all;
  expect(await chainsOf(collector)).toMatchObject([{ next: 0, gaps: 0, forks: 0 }]);
  expect((await send(all, [good])).json).toEqual({});
});

test("records that name another place than their segment are refused", async () => {
  const all = await started();
  const inside = new ChainMaker(CHAIN, { namespace: "bank" }).statements(3);
  inside.key = all.chain.key;
  const lie = new ChainMaker(CHAIN);
  lie.key = all.chain.key;
  lie.records.push(...inside.records);
  lie.hashes.push(...inside.hashes);
  lie.times.push(...inside.times);
  expect((await send(all, [lie.seal()])).json.partialSuccess.errorMessage).toMatch(
    /names another cluster or namespace/,
  );
});

test("a segment's times are those of its records, or it could be deleted as old and be missed by a selection", async () => {
  const all = await started();
  all.chain.statements(5);
  for (const times of [{ from: 0, to: 0 }, { to: 0 }, { from: 0 }, { to: 4_000_000_000_000 }]) {
    const { json } = await send(all, [all.chain.seal(0, 9, times)]);
    expect(json.partialSuccess?.errorMessage).toMatch(/times of its first and last record/);
  }
  expect((await send(all, [all.chain.seal(0, 9)])).json).toEqual({});
});

test("a date that cannot be written stops nothing for others", async () => {
  const all = await started();
  const odd = new ChainMaker(CHAIN, {}, 9_000_000_000_000_000).statements(1);
  odd.key = all.chain.key;
  expect((await send(all, [odd.seal()])).json.partialSuccess?.rejectedLogRecords).toBeDefined();
  expect(toldOf(odd.records[0]!, odd.seal().header)).toMatchObject({ timeMs: 0 });
});

test("an identity speaks for its own cluster, namespace and chains only", async () => {
  const { site, collector, chain } = await started();
  const register = async (who: { namespace?: string; account?: string }, other: ChainMaker) =>
    await collector.ask("POST", "/v1/chains", { token: await site.token(who), body: other.registration() });
  const fresh = (place: object) => new ChainMaker("f".repeat(32), place);
  expect((await register({}, fresh({ namespace: "bank" }))).status).toBe(403);
  expect((await register({}, fresh({ cluster: "us-1" }))).status).toBe(403);
  expect((await register({}, fresh({ environment: "test" }))).status).toBe(403);
  expect((await register({ namespace: "bank" }, fresh({ namespace: "bank" }))).status).toBe(200);
  // Another account of the same namespace may not add a key to a chain, nor learn where it stands.
  const added = await register({ account: "other" }, new ChainMaker(CHAIN));
  expect([added.status, added.json]).toEqual([403, { error: expect.stringContaining("belongs to another account") }]);
  chain.statements(2);
  const token = await site.token({ account: "other" });
  const sent = await collector.ask("POST", "/v1/logs", { token, body: otlpJson([chain.seal()]).toString() });
  expect(sent.status).toBe(403);
});

test("a key is registered with proof, and only once; the next one goes on", async () => {
  const { collector, token, chain, site } = await started();
  const size = await collector.metric("log_entries");
  expect((await collector.ask("POST", "/v1/chains", { token, body: chain.registration() })).status).toBe(200);
  expect(await collector.metric("log_entries")).toBe(size);
  const unproven = { ...new ChainMaker(CHAIN).registration(), proof: chain.registration().proof };
  expect((await collector.ask("POST", "/v1/chains", { token, body: unproven })).status).toBe(403);
  for (const body of ["", "[]", "{}", { ...chain.registration(), chain: "x" }])
    expect((await collector.ask("POST", "/v1/chains", { token, body })).status).toBe(400);
  const all = { collector, token, chain, site };
  chain.statements(5);
  await send(all, [chain.seal(0, 4)]);
  chain.key = new ChainMaker(CHAIN).key;
  const again = await collector.ask("POST", "/v1/chains", { token, body: chain.registration() });
  expect(again.json).toEqual({ chain: CHAIN, next: 5, lastHash: chain.hashes[4] });
  expect((await send(all, [chain.seal(5, 9)])).json).toEqual({});
});

test("heartbeats tell how far a chain is, and how much of it is still to come", async () => {
  const { collector, token, chain } = await started();
  chain.statements(5);
  const heartbeat = { chain: CHAIN, last: 9, lastHash: chain.hashes[9], spoolBytes: 12_345, oldestMs: 5 };
  const answer = await collector.ask("POST", "/v1/heartbeats", { token, body: heartbeat });
  expect([answer.status, answer.json]).toEqual([200, { chain: CHAIN, next: 0, lastHash: "0".repeat(64) }]);
  const chains = await chainsOf(collector);
  expect(chains).toMatchObject([{ behind: 10, heartbeat: { last: 9, spoolBytes: 12_345, oldestMs: 5 } }]);
  for (const wrong of [
    { ...heartbeat, last: "9" },
    { ...heartbeat, lastHash: "" },
    { ...heartbeat, spoolBytes: -1 },
    null,
  ])
    expect((await collector.ask("POST", "/v1/heartbeats", { token, body: JSON.stringify(wrong) })).status).toBe(400);
  const stranger = { ...heartbeat, chain: "e".repeat(32) };
  expect((await collector.ask("POST", "/v1/heartbeats", { token, body: stranger })).status).toBe(404);
});

test("a chain that says its end is closed, and goes on when its sidecar does", async () => {
  const all = await started();
  all.chain.statements(2).close();
  await send(all, [all.chain.seal()]);
  const stateOf = async () => (await chainsOf(all.collector))[0].state;
  expect(await stateOf()).toBe("closed");
  all.chain.statements(1);
  await send(all, [all.chain.seal(5, 6)]);
  expect(await stateOf()).toBe("open");
});
