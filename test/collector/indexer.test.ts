// The index behind the log: it follows what is acknowledged, and whatever happened to it in between, it answers what the ledger holds.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { Indexer } from "../../pkg/collector/indexer.ts";
import { KeptLedger } from "../../pkg/collector/kept-ledger.ts";
import { ThreadedIndex } from "../../pkg/collector/threaded-index.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { checkQuestion } from "../../pkg/store/question.ts";
import { ChainMaker, otlpProtobuf } from "./chain-maker.ts";
import { cleanUp, newSite, type Site, startOn, type TestCollector } from "./fixtures.ts";

afterEach(cleanUp);

const config = { engine: "duckdb", memoryMiB: 256 } as const;

async function sendTo(collector: TestCollector, site: Site, maker: ChainMaker, first: number): Promise<void> {
  const token = await site.token();
  if (first === 0)
    expect((await collector.ask("POST", "/v1/chains", { token, body: maker.registration() })).status).toBe(200);
  const answer = await collector.ask("POST", "/v1/logs", { token, body: otlpProtobuf([maker.seal(first)]) });
  expect(answer.status).toBe(200);
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const indexed = (collector: TestCollector) =>
  until(
    async () =>
      (await collector.metric("index_behind_entries")) === 0 && (await collector.metric("indexed_entries")) > 0,
  );

/** Of a collector that has stopped. */
async function rowsOf({ config: { data, origin } }: Site, reindex: boolean): Promise<readonly (readonly unknown[])[]> {
  const index = new ThreadedIndex({ config, data, origin }, silentLogger);
  const kept = await KeptLedger.open({ folder: data, origin, files: systemCollectorFiles, logger: silentLogger });
  if (reindex) {
    await index.clear();
    await new Indexer({ ledger: kept, store: index, logger: silentLogger }).catchUp();
  }
  await index.open();
  const checked = checkQuestion({ from: "statements" });
  if (!checked.ok) throw new Error(checked.problems.join());
  const { rows } = await index.ask(checked.question);
  await index.close();
  await kept.close();
  return rows;
}

test("what is acknowledged can be asked about soon, also what came while the index was away, and the same when it is made anew", async () => {
  const site = await newSite();
  const maker = new ChainMaker("c".repeat(32)).statements(5);
  let collector = await startOn(site);
  await sendTo(collector, site, maker, 0);
  await indexed(collector);
  await collector.stop("test");
  collector = await startOn({ ...site, config: { ...site.config, store: { engine: "none" } } });
  const second = maker.records.length;
  await sendTo(collector, site, maker.statements(3), second);
  await collector.stop("test");
  collector = await startOn(site);
  await indexed(collector);
  await collector.stop("test");
  const followed = await rowsOf(site, false);
  expect(followed).toHaveLength(8);
  expect(await rowsOf(site, true)).toEqual(followed);
});

test.each([true, false])("what retention deletes cannot be asked about any more (told at once: %s)", async (atOnce) => {
  const site = await newSite({ keepDays: 30 });
  const DAY_MS = 86_400_000;
  const first = await startOn(site);
  await sendTo(first, site, new ChainMaker("9".repeat(32), {}, Date.now() - 10 * DAY_MS).statements(5), 0);
  await indexed(first);
  await first.stop("test");
  expect(await rowsOf(site, false)).toHaveLength(5);
  const later = { clock: { ...systemClock, nowMs: () => Date.now() + 31 * DAY_MS } };
  const blind: Site = { ...site, config: { ...site.config, store: { engine: "none" } } };
  const second = await startOn(atOnce ? site : blind, later);
  await second.upkeep();
  await second.stop("test");
  if (!atOnce) {
    const third = await startOn(site, later);
    await indexed(third);
    await third.stop("test");
  }
  expect(await rowsOf(site, false)).toHaveLength(0);
});

test.each([
  ["cut short", (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 5000))],
  ["of noise", (file: string) => writeFileSync(file, Buffer.alloc(20_000, "block lock "))],
  ["of another log", (file: string) => writeFileSync(file, readFileSync(join(file, "../other.duckdb")))],
])("an index file %s is made anew, with a line and a metric, and intake goes on", async (what, harm) => {
  const site = await newSite();
  const file = join(site.config.data, "state/records.duckdb");
  const maker = new ChainMaker("d".repeat(32)).statements(4);
  let collector = await startOn(site);
  await sendTo(collector, site, maker, 0);
  await indexed(collector);
  await collector.stop("test");
  expect(existsSync(file)).toBe(true);
  if (what === "of another log") {
    const other = new ThreadedIndex({ config, data: join(site.folder, "other"), origin: "another" }, silentLogger);
    await other.open();
    await other.close();
    writeFileSync(join(file, "../other.duckdb"), readFileSync(join(site.folder, "other/state/records.duckdb")));
  }
  harm(file);
  collector = await startOn(site);
  const second = maker.records.length;
  await sendTo(collector, site, maker.statements(1), second);
  await indexed(collector);
  expect(await collector.metric("index_remade")).toBe(1);
  expect(collector.lines.filter((line) => line.startsWith("warn index_remade"))).toHaveLength(1);
  await collector.stop("test");
  expect(await rowsOf(site, false)).toHaveLength(5);
});

test("a ClickHouse that is not there delays no acknowledgement and is told", async () => {
  const url = "http://127.0.0.1:9/weir";
  const site = await newSite({ store: { engine: "clickhouse", url, user: "weir", password: null } });
  const collector = await startOn(site);
  await sendTo(collector, site, new ChainMaker("e".repeat(32)).statements(2), 0);
  await until(async () => (await collector.metric("index_failures")) > 0);
  expect(collector.lines.some((line) => line.startsWith("error index_failed"))).toBe(true);
  expect(await collector.metric("indexed_entries")).toBe(0);
});
