import { gzipSync } from "node:zlib";
import { ChainMaker, otlpJson, otlpProtobuf, type Sealed } from "./chain-maker.ts";
import { cleanUp, newSite, type Site, startOn, type TestCollector } from "./fixtures.ts";

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
  const { chains } = (await collector.ask("GET", "/v1/chains")).json;
  expect(chains).toMatchObject([
    { chain: CHAIN, next: 60, lastHash: chain.hashes[59], state: "open", gaps: 0, forks: 0 },
  ]);
  expect(await collector.metric("records_stored_total")).toBe(60);
});
