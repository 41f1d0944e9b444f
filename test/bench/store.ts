// The index over the ledger: records a second that it takes, what a record costs on disk, and how long the ten questions of the docs take,
// with DuckDB in a file and, where `make clickhouse` has put it, ClickHouse's engine in this process.
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClickhouse } from "../../pkg/store/clickhouse-store.ts";
import { openDuckdb } from "../../pkg/store/duckdb-store.ts";
import type { SegmentRows } from "../../pkg/store/segment-rows.ts";
import type { Store } from "../../pkg/store/store.ts";
import { chdbClient, hasChdb } from "../store/chdb.ts";
import { median, short, table } from "./medians.ts";
import type { Bench, Section } from "./section.ts";
import { QUESTIONS } from "./store-questions.ts";
import { monthOf } from "./store-traffic.ts";

interface Engine {
  readonly name: string;
  open(path: string): Promise<Store>;
}

interface Found {
  readonly engine: string;
  readonly records: number;
  /** With reading the records' JSON. */
  readonly perSecond: number;
  readonly recordBytes: number;
  readonly diskBytes: number;
  /** Of each question. */
  readonly answerMs: readonly number[];
}

/** Segments of one transaction. */
const BATCH = 2;
const ASKED = 3;

const engines: readonly Engine[] = [
  { name: "DuckDB", open: (path) => openDuckdb({ file: join(path, "records.duckdb"), origin: "bench" }) },
  {
    name: "ClickHouse (chdb)",
    open: (path) =>
      openClickhouse({ url: "http://localhost", user: "", password: "", origin: "bench" }, chdbClient(path)),
  },
];

export async function measureStore(bench: Bench): Promise<readonly Section[]> {
  const there = hasChdb ? engines : engines.slice(0, 1);
  if (!hasChdb) bench.say("ClickHouse is not here (make clickhouse), so only DuckDB is measured");
  const found: Found[] = [];
  for (const engine of there) {
    const folder = mkdtempSync(join(tmpdir(), "weir-bench-store-"));
    try {
      found.push(await measure(engine, folder, bench));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return [section(found)];
}

async function measure({ name, open }: Engine, folder: string, bench: Bench): Promise<Found> {
  const store = await open(folder);
  const filled = await fill(store, bench.rows, (records) => bench.say(`${name}: ${short(records)} records`));
  const answerMs: number[] = [];
  for (const [what, question] of QUESTIONS) {
    const took: number[] = [];
    let rows = 0;
    for (let round = 0; round < ASKED; round++) {
      const startedMs = performance.now();
      rows = (await store.ask(question)).rows.length;
      took.push(performance.now() - startedMs);
    }
    answerMs.push(median(took));
    bench.say(`${name}: ${what}: ${short(median(took))} ms, ${rows} rows`);
  }
  await store.close();
  return { engine: name, ...filled, diskBytes: bytesBelow(folder), answerMs };
}

async function fill(store: Store, rows: number, say: (records: number) => void) {
  let [records, recordBytes, spentMs, told] = [0, 0, 0, 0];
  let batch: SegmentRows[] = [];
  const insert = async () => {
    const startedMs = performance.now();
    await store.insert(batch, batch.at(-1)!.entry + 1);
    spentMs += performance.now() - startedMs;
    batch = [];
  };
  for (const part of monthOf(rows)) {
    batch.push(part.rows);
    records += part.records;
    recordBytes += part.recordBytes;
    spentMs += part.readMs;
    if (batch.length === BATCH) await insert();
    if (records - told >= 1_000_000) {
      told = records;
      say(records);
    }
  }
  if (batch.length > 0) await insert();
  return { records, perSecond: (records / spentMs) * 1000, recordBytes: recordBytes / records };
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

function section(found: readonly Found[]): Section {
  const [{ records, recordBytes }] = found as readonly [Found];
  const rows = QUESTIONS.map(([what], at) => [what, ...found.map(({ answerMs }) => short(answerMs[at]!))]);
  const own = [
    ["records a second", ...found.map(({ perSecond }) => short(perSecond))],
    ["bytes a record in the index", ...found.map(({ diskBytes }) => short(diskBytes / records))],
  ];
  const head = (what: string) => [what, ...found.map(({ engine }) => engine)];
  return {
    title: "The index",
    body:
      `${records} records of a month (a decision and its outcome are two), ${short(recordBytes)} bytes each in the ledger; 512 MiB of memory and two ` +
      "threads for DuckDB. Records a second count reading their JSON and writing the rows, one batch after the other.\n\n" +
      `${table(head(""), own)}\n\nMilliseconds to the answer, the median of ${ASKED}:\n\n${table(head("question"), rows)}`,
    aims: [
      {
        what: "records a second indexed",
        found: found.map(({ perSecond }) => short(perSecond)).join(", "),
        aim: "told",
      },
      {
        what: "the slowest of ten questions",
        found: found.map(({ answerMs }) => `${short(Math.max(...answerMs))} ms`).join(", "),
        aim: "told",
      },
    ],
  };
}
