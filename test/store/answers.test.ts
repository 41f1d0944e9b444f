// What an engine answers is what a plain reading of the segments gives: random questions over random traffic, also after rows came twice,
// the index was opened again, or segments were deleted.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openClickhouse } from "../../pkg/store/clickhouse-store.ts";
import { openDuckdb } from "../../pkg/store/duckdb-store.ts";
import { plainAnswer } from "../../pkg/store/plain-answer.ts";
import { checkQuestion, type Question } from "../../pkg/store/question.ts";
import type { SegmentRows } from "../../pkg/store/segment-rows.ts";
import type { Store } from "../../pkg/store/store.ts";
import { chdbClient, hasChdb } from "./chdb.ts";
import { question } from "./random-question.ts";
import { traffic } from "./random-traffic.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function expectAgreement(store: Store, segments: readonly SegmentRows[], asked: Question): Promise<void> {
  const checked = checkQuestion(JSON.parse(JSON.stringify(asked)));
  if (!checked.ok) throw new Error(checked.problems.join("; "));
  const { fields, rows, more } = await store.ask(checked.question);
  expect({ fields, rows, more }).toEqual(plainAnswer(segments, asked, asked.limit));
  const all: unknown[] = [];
  for await (const part of store.stream(checked.question)) all.push(...part);
  expect(all).toEqual(plainAnswer(segments, asked, null).rows);
}

const engines: readonly (readonly [string, boolean, (name: string) => Promise<Store>])[] = [
  ["DuckDB", true, (name) => openDuckdb({ file: join(folder, `${name}.duckdb`), origin: "log", memoryMiB: 256 })],
  [
    "ClickHouse (chdb, from make clickhouse)",
    hasChdb,
    (name) =>
      openClickhouse(
        { url: "http://localhost", user: "", password: "", origin: "log" },
        chdbClient(join(folder, name)),
      ),
  ],
];

for (const [engine, isHere, open] of engines) {
  (isHere ? test : test.skip)(
    `${engine} answers as a plain reading does`,
    async () => {
      const store = await open("random");
      await fc.assert(
        fc.asyncProperty(traffic, fc.array(question, { minLength: 4, maxLength: 8 }), async (segments, questions) => {
          await store.clear();
          const size = segments.length * 2;
          // In two parts, the second with what the first had.
          await store.insert(segments.slice(0, 2), Math.min(4, size));
          await store.insert(segments, size);
          expect(store.indexedUpTo).toBe(size);
          for (const asked of questions) await expectAgreement(store, segments, asked);
          await store.forget(segments.slice(0, 1).map(({ entry }) => entry));
          await expectAgreement(store, segments.slice(1), questions[0]!);
        }),
        { numRuns: engine === "DuckDB" ? 60 : 25, endOnFailure: true, interruptAfterTimeLimit: 150_000 },
      );
      await store.close();
    },
    180_000,
  );
}
