// A collector that dies while the index takes rows: after it, every record is answered once.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClickHouseClient } from "@clickhouse/client";
import { openClickhouse } from "../../pkg/store/clickhouse-store.ts";
import { openDuckdb } from "../../pkg/store/duckdb-store.ts";
import { plainAnswer } from "../../pkg/store/plain-answer.ts";
import type { Question } from "../../pkg/store/question.ts";
import type { SegmentRows } from "../../pkg/store/segment-rows.ts";
import type { Store } from "../../pkg/store/store.ts";
import { chdbClient, hasChdb } from "./chdb.ts";
import { segmentsOf } from "./crash-segments.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const questions: readonly Question[] = [
  // Without outcomes nothing else would hide a row that is there twice.
  { from: "statements", where: [], groupBy: ["entry"], limit: 10_000 },
  { from: "statements", where: [], limit: 10_000 },
  { from: "columns", where: [], groupBy: ["entry", "shown", "status"], measures: [{ count: "rows" }], limit: 10_000 },
];

async function expectWhole(store: Store, segments: readonly SegmentRows[]): Promise<void> {
  for (const question of questions) {
    const { rows } = await store.ask(question);
    expect(rows).toEqual(plainAnswer(segments, question, question.limit).rows);
  }
}

test("DuckDB, killed again and again while it inserts", async () => {
  const options = { file: join(folder, "killed.duckdb"), origin: "log", memoryMiB: 256 };
  const segments = segmentsOf(40);
  for (let kill = 0; kill < 6; kill++) {
    const child: ChildProcess = fork(join(import.meta.dirname, "crash-child.ts"), [options.file], { execArgv: [] });
    await once(child, "message");
    await new Promise((resolve) => setTimeout(resolve, kill * 15));
    child.kill("SIGKILL");
    await once(child, "exit");
    const store = await openDuckdb(options);
    expect(store.remade).toBeNull();
    await expectWhole(store, segments.slice(0, store.indexedUpTo));
    await store.close();
  }
  const store = await openDuckdb(options);
  await store.insert(segments, segments.length);
  await expectWhole(store, segments);
  await store.close();
});

(hasChdb ? test : test.skip)("ClickHouse (chdb, from make clickhouse), broken off between two tables", async () => {
  const client = chdbClient(join(folder, "clickhouse"));
  const options = { url: "http://localhost", user: "", password: "", origin: "log" };
  const segments = segmentsOf(3);
  let left = Number.POSITIVE_INFINITY;
  const failing = new Proxy(client, {
    get(target, name) {
      if (name === "insert" && --left < 0) return () => Promise.reject(new Error("the connection is gone"));
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as ClickHouseClient;
  const store = await openClickhouse(options, failing);
  await client.command({ query: "SYSTEM STOP MERGES" });
  for (let reached = 0; reached < 4; reached++) {
    left = reached;
    await expect(store.insert(segments, segments.length)).rejects.toThrow("ClickHouse failed");
  }
  // Nothing tidies up behind our back: what is there twice stays there twice.
  const counted = await client.query({ query: "SELECT count() FROM weir_decisions", format: "JSONCompactEachRow" });
  expect(Number((await counted.json<unknown[]>())[0]![0])).toBe(180);
  const again = await openClickhouse(options, client);
  expect(again.indexedUpTo).toBe(0);
  await again.insert(segments, segments.length);
  await expectWhole(again, segments);
  await expect(openClickhouse({ ...options, origin: "another" }, client)).rejects.toThrow("another log");
  await expectWhole(again, segments);
  await again.close();
});
