// An index of real records, opened again, and what a decision says when two records tell how it ended.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuckdb } from "../../pkg/store/duckdb-store.ts";
import { plainAnswer } from "../../pkg/store/plain-answer.ts";
import { checkQuestion } from "../../pkg/store/question.ts";
import { segmentRows } from "../../pkg/store/segment-rows.ts";
import { decision, outcome } from "../audit/fixtures.ts";
import { ChainMaker } from "../collector/chain-maker.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("records of a segment are answered, once, also after the index is opened again", async () => {
  const maker = new ChainMaker("a".repeat(32)).statements(10);
  const place = { entry: 3, chain: maker.chain, cluster: "c", environment: "e", namespace: "n" };
  const rows = segmentRows(place, 0, maker.records);
  const options = { file: join(folder, "index.duckdb"), origin: "log" };
  const store = await openDuckdb(options);
  await store.insert([rows], 4);
  await store.insert([rows], 4);
  const checked = checkQuestion({
    from: "statements",
    where: [{ field: "cluster", op: "like", value: "c*" }],
    limit: 5,
  });
  if (!checked.ok) throw new Error(checked.problems.join());
  const answer = await store.ask(checked.question);
  expect(answer.rows.length).toBe(5);
  expect(answer.more).toBe(true);
  await store.close();
  const again = await openDuckdb(options);
  expect(again.indexedUpTo).toBe(4);
  const counted = checkQuestion({
    from: "statements",
    groupBy: ["verdict", "status"],
    measures: [{ count: "rows" }, { sum: "durationUs" }],
  });
  if (!counted.ok) throw new Error(counted.problems.join());
  expect((await again.ask(counted.question)).rows).toEqual([["allow", "completed", 10, expect.any(Number)]]);
  const columns = checkQuestion({
    from: "columns",
    select: ["schema", "table", "column", "access", "shown"],
    limit: 3,
  });
  if (!columns.ok) throw new Error(columns.problems.join());
  await again.close();
});

test("a decision has one outcome: that of its own chain, however early another chain says that it knows nothing", async () => {
  const [own, other] = ["a", "b"].map((letter) => new ChainMaker(letter.repeat(32)));
  own!.statement(decision(1), outcome(1, { status: "completed", rows: 3 }));
  other!.statement(decision(9), outcome(1, { status: "unknown", rows: null }));
  const segments = [other!, own!].map((maker, entry) =>
    segmentRows({ entry, chain: maker.chain, cluster: "c", environment: "e", namespace: "n" }, 0, maker.records),
  );
  const checked = checkQuestion({ from: "statements", where: [], select: ["statement", "status", "rows"] });
  if (!checked.ok) throw new Error(checked.problems.join());
  const store = await openDuckdb({ file: join(folder, "two.duckdb"), origin: "log", memoryMiB: 256 });
  await store.insert(segments, 2);
  const { rows } = await store.ask(checked.question);
  await store.close();
  expect(rows).toEqual([
    [1, "completed", 3],
    [9, null, null],
  ]);
  expect(plainAnswer(segments, checked.question, null).rows).toEqual(rows);
});
