import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { eventsIn, type StreamEvent } from "../../cmd/weir/tail/event-stream.ts";
import { isLike, readFilter, TailMatcher } from "../../pkg/collector/tail-filter.ts";
import { type TailEvent, tail } from "../../pkg/collector/tail-stream.ts";
import { type Told, toldOf } from "../../pkg/collector/told.ts";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { cleanUp, newSite, READER, type Site, startOn, type TestCollector } from "./fixtures.ts";

const open: IncomingMessage[] = [];
afterEach(async () => {
  for (const response of open.splice(0)) response.destroy();
  await cleanUp();
});

const CHAIN = "0123456789abcdef0123456789abcdef";

function connect(site: Site, collector: TestCollector, query = "", headers: Record<string, string> = {}) {
  return new Promise<AsyncGenerator<StreamEvent>>((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: collector.port,
      path: `/v1/tail${query}`,
      ca: site.ca.certificate,
      agent: false as const,
    };
    const sent = request({ ...options, headers: { authorization: `Bearer ${READER}`, ...headers } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(String(response.statusCode)));
      open.push(response);
      resolve(eventsIn(response));
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function take(events: AsyncGenerator<StreamEvent>, count: number): Promise<StreamEvent[]> {
  const taken: StreamEvent[] = [];
  while (taken.length < count) taken.push((await events.next()).value);
  return taken;
}

async function started() {
  const site = await newSite();
  const collector = await startOn(site);
  const token = await site.token();
  const chain = new ChainMaker(CHAIN);
  await collector.ask("POST", "/v1/chains", { token, body: chain.registration() });
  let sent = 0;
  const send = async () => {
    const body = otlpJson([chain.seal(sent)]).toString();
    sent = chain.records.length;
    expect((await collector.ask("POST", "/v1/logs", { token, body })).json).toEqual({});
  };
  return { site, collector, chain, send };
}

const numbers = (events: readonly StreamEvent[]) => events.map(({ data }) => JSON.parse(data).number);

test("records show as they come, and a reader that comes back misses none", async () => {
  const { site, collector, chain, send } = await started();
  const live = await connect(site, collector);
  chain.statements(2);
  await send();
  const first = await take(live, 4);
  expect(numbers(first)).toEqual([0, 1, 2, 3]);
  expect(JSON.parse(first[0]!.data)).toMatchObject({
    ...{ kind: "decision", chain: CHAIN, cluster: "eu-1", namespace: "shop", environment: "production" },
    ...{
      principal: "ana@example.com",
      database: "shop",
      verdict: "allow",
      text: "SELECT email FROM customers WHERE id = $1",
    },
  });
  chain.statements(1);
  await send();
  expect(numbers(await take(live, 2))).toEqual([4, 5]);
  const again = await connect(site, collector, "", { "last-event-id": first[1]!.id! });
  expect(numbers(await take(again, 4))).toEqual([2, 3, 4, 5]);
  const all = await connect(site, collector, "?since=0");
  expect(numbers(await take(all, 6))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(await collector.metric("tail_readers")).toBe(3);
});

test("filters narrow; an outcome comes with its decision", async () => {
  const { site, collector, chain, send } = await started();
  const rules = [{ policy: "shop/privacy", rule: "hide-email" }];
  chain.statements(2).statements(1, { verdict: "refuse", rules }).statements(1, { database: "hr" });
  await send();
  const of = async (query: string, count: number) =>
    numbers(await take(await connect(site, collector, `?since=0&${query}`), count));
  expect(await of("verdict=refuse", 2)).toEqual([4, 5]);
  expect(await of("rule=hide-*", 2)).toEqual([4, 5]);
  expect(await of("rule=shop/privacy/hide-email", 2)).toEqual([4, 5]);
  expect(await of("database=hr,x&namespace=shop", 2)).toEqual([6, 7]);
  expect(await of("kind=decision", 4)).toEqual([0, 2, 4, 6]);
  await expect(connect(site, collector, `?verdict=${"x".repeat(300)}`)).rejects.toThrow("400");
  await expect(connect(site, collector, "?since=yesterday")).rejects.toThrow("400");
  await expect(connect(site, collector, "", { "last-event-id": "x" })).rejects.toThrow("400");
  await expect(connect(site, collector, "", { authorization: "Bearer x" })).rejects.toThrow("401");
});

test("who falls far behind is told what was passed over, and what is deleted is told too", async () => {
  const told: TailEvent[] = [];
  const rows = Array.from({ length: 30 }, (_, entry) => ({
    entry,
    chain: CHAIN,
    first: entry,
    last: entry,
    deleted: 2,
  }));
  const ledger = {
    index: { size: 30, segmentsAfter: (entry: number, most: number) => rows.slice(entry, entry + most) },
    store: { read: async () => null },
  };
  const kept = { current: () => ledger, onGrowth: () => () => {} };
  const ended = new AbortController();
  const sink = {
    ended: ended.signal,
    send: async (events: readonly TailEvent[]) => void told.push(...events),
    idle: async () => ended.abort(),
  };
  const options = {
    ledger: kept as never,
    filter: new Map(),
    from: { entry: 0, number: -1 },
    scope: {},
    lagMax: 5,
    idleMs: 1,
  };
  await tail(options, sink);
  expect(told.map((event) => event.event === "gap" && event.why)).toEqual([
    "25 entries of the log were passed over: too far behind",
    ...[25, 26, 27, 28, 29].map((n) => `records ${n} to ${n} of chain ${CHAIN} are not here any more`),
  ]);
});

test("a pattern fits as people expect", () => {
  const fits = ["a=a", "ab=a*", "ab=*b", "ab=*", "=*", "abc=a*c", "axbxc=a*b*c", "aa=a*a"];
  const not = ["a=b", "ab=a", "a=a*a", "abc=a*d", "ab=a*b*b", "=a"];
  const pair = (text: string) => text.split("=") as [string, string];
  expect([...fits, ...not].filter((text) => isLike(...pair(text)))).toEqual(fits);
});

test("records of every kind are told, and what is none is not", () => {
  const { header } = new ChainMaker(CHAIN).statements(1).seal();
  const chain = new ChainMaker(CHAIN)
    .statements(1, { masks: [{ column: 0, method: "Redact", class: "PII.EMAIL" }] })
    .close();
  const told = chain.records.map((record) => toldOf(record, header)) as Told[];
  expect(told.map(({ kind, verdict, status, phase }) => [kind, verdict, status, phase])).toEqual([
    ["decision", "mask", null, null],
    ["outcome", null, "completed", null],
    ["chain", null, null, "close"],
  ]);
  expect([Buffer.from("{}"), Buffer.from("x"), Buffer.from("null")].map((bytes) => toldOf(bytes, header))).toEqual([
    null,
    null,
    null,
  ]);
  const read = readFilter({ kind: ["outcome", "chain"] });
  const matcher = new TailMatcher(read.ok ? read.filter : new Map());
  expect(told.map((each) => matcher.matches(each))).toEqual([false, true, true]);
});
