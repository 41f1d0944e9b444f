// Every kind of tampering is told apart from every other, with its place. The spool is always a real one.
import { appendFileSync, copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { EXIT_CODES, FINDING_KINDS } from "../../pkg/audit/exit-codes.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { verifyReportText } from "../../pkg/audit/verify-report.ts";
import { decision, newFolder, openWriter, outcome, removeFolders } from "./fixtures.ts";
import { forged, linesOf, recordsOf, rewrite, segmentsOf } from "./spool-lines.ts";

afterEach(removeFolders);

/** begin, eight statements with their outcomes, close: 18 records in `segments` files or more. */
function spool(options: Parameters<typeof openWriter>[1] = {}): string {
  const folder = newFolder();
  const writer = openWriter(folder, options);
  for (let statement = 1; statement <= 8; statement++) writer.write([decision(statement), outcome(statement)]);
  writer.close("done");
  return folder;
}

const first = "segment-000000000001.jsonl";

test("an untouched spool is intact", async () => {
  const report = await verifySpool(spool());
  expect(report).toMatchObject({ verdict: "intact", exitCode: 0, records: 18, segments: 1, findings: [], notes: [] });
  expect(report.chains).toEqual([expect.objectContaining({ first: 0, last: 17, closed: true })]);
  expect(verifyReportText(report)).toMatch(/^intact: .*: 18 records in 1 segments/);
});

test("every kind has an exit code of its own", () => {
  const codes = Object.values(EXIT_CODES);
  expect(new Set(codes).size).toBe(codes.length);
  expect(FINDING_KINDS.every((kind) => EXIT_CODES[kind] > 0)).toBe(true);
});

test.each([
  [
    "a flipped character",
    (lines: string[]) => lines.with(4, lines[4]!.replace("completed", "cancelled")),
    "altered",
    5,
    1,
  ],
  [
    "a changed hash",
    (lines: string[]) => lines.with(4, lines[4]!.replace(/"sha256":"./, '"sha256":"z')),
    "altered",
    5,
    1,
  ],
  [
    "a record and its hash written anew",
    (lines: string[]) =>
      lines.with(
        4,
        forged(lines[4]!, (record) => record.replace("completed", "cancelled")),
      ),
    "altered",
    6,
    1,
  ],
  ["rubbish between two records", (lines: string[]) => lines.toSpliced(4, 0, "rubbish"), "altered", 5, 1],
  ["an empty line", (lines: string[]) => lines.toSpliced(4, 0, ""), "altered", 5, 1],
  ["a dropped record", (lines: string[]) => lines.toSpliced(4, 1), "missing", 5, 1],
  ["three dropped records", (lines: string[]) => lines.toSpliced(4, 3), "missing", 5, 3],
  [
    "two swapped records",
    (lines: string[]) => [...lines.slice(0, 4), lines[5]!, lines[4]!, ...lines.slice(6)],
    "reordered",
    6,
    1,
  ],
  ["a record moved far away", (lines: string[]) => [...lines.toSpliced(2, 1), lines[2]!], "reordered", 18, 1],
  ["a record twice", (lines: string[]) => lines.toSpliced(9, 0, lines[4]!), "forked", 10, 1],
  [
    "another record with the same number",
    (lines: string[]) =>
      lines.toSpliced(
        5,
        0,
        forged(lines[4]!, (record) => record.replace("completed", "cancelled")),
      ),
    "forked",
    6,
    1,
  ],
  ["a dropped beginning", (lines: string[]) => lines.slice(1), "wrong-first", 1, 1],
  ["a cut tail", (lines: string[]) => lines.slice(0, -3), "truncated", 15, 3],
] as const)("%s", async (_, tamper, verdict, line, count) => {
  const folder = spool();
  rewrite(folder, tamper as (lines: string[]) => string[]);
  const report = await verifySpool(folder);
  expect(report.findings.filter(({ kind }) => kind === verdict)).toEqual([
    expect.objectContaining({ place: { file: first, line } }),
  ]);
  expect(report).toMatchObject({ verdict, exitCode: EXIT_CODES[verdict], counts: { [verdict]: count } });
  const others = FINDING_KINDS.filter((kind) => kind !== verdict && kind !== "unclosed");
  expect(others.map((kind) => [kind, report.counts[kind]])).toEqual(others.map((kind) => [kind, 0]));
});

test("a record written anew with every one after it shows against the head, and against any hash kept elsewhere", async () => {
  const folder = spool();
  const kept = {
    chain: recordsOf(folder)[0].unmapped.weir.chain.uid,
    number: 10,
    hash: JSON.parse(linesOf(folder)[10]!).sha256,
  };
  rewrite(folder, (lines) => {
    let previous = "";
    return lines.map((line, index) => {
      const anew =
        index < 4
          ? line
          : forged(line, (record) =>
              index === 4
                ? record.replace("completed", "cancelled")
                : record.replace(/"previous":"[0-9a-f]+"/, `"previous":"${previous}"`),
            );
      previous = JSON.parse(anew).sha256;
      return anew;
    });
  });
  expect(await verifySpool(folder)).toMatchObject({
    verdict: "altered",
    findings: [{ place: { line: 18 }, detail: expect.stringContaining("had another hash when it was written") }],
  });
  rmSync(join(folder, "head.json"));
  expect(await verifySpool(folder)).toMatchObject({
    verdict: "intact",
    notes: [expect.stringContaining("head.json is absent")],
  });
  expect(await verifySpool(folder, { expected: [kept] })).toMatchObject({
    verdict: "altered",
    findings: [{ place: { line: 11 } }],
  });
});

test("a tail that the ledger knows is missed without the head", async () => {
  const folder = spool();
  const expected = [
    { chain: recordsOf(folder)[0].unmapped.weir.chain.uid, number: 17, hash: JSON.parse(linesOf(folder)[17]!).sha256 },
  ];
  rewrite(folder, (lines) => lines.slice(0, 16));
  rmSync(join(folder, "head.json"));
  expect(await verifySpool(folder, { expected })).toMatchObject({ verdict: "truncated", counts: { truncated: 2 } });
});

test("a torn last line is not a cut tail: nobody was told that it was written", async () => {
  const folder = spool();
  appendFileSync(join(folder, first), '{"sha256":"0011');
  expect(await verifySpool(folder)).toMatchObject({
    verdict: "torn",
    exitCode: 6,
    findings: [{ place: { file: first, line: 19 } }],
  });
});

test("a file cut in the middle of a record that was written is both", async () => {
  const folder = spool();
  truncateSync(join(folder, first), readFileSync(join(folder, first)).length - 200);
  expect(await verifySpool(folder)).toMatchObject({ verdict: "truncated", counts: { truncated: 1, torn: 1 } });
});

test("a missing segment is missing records, and its neighbours are named", async () => {
  const folder = spool({ segmentBytesMax: 5_000 });
  expect(segmentsOf(folder).length).toBeGreaterThan(3);
  rmSync(join(folder, "segment-000000000003.jsonl"));
  const report = await verifySpool(folder);
  expect(report).toMatchObject({
    verdict: "missing",
    notes: [expect.stringContaining("segments before segment-000000000004.jsonl are absent")],
  });
  expect(report.findings[0]).toMatchObject({ kind: "missing", place: { file: "segment-000000000004.jsonl", line: 1 } });
});

test("a segment put in twice is a fork", async () => {
  const folder = spool({ segmentBytesMax: 5_000 });
  const count = segmentsOf(folder).length;
  copyFileSync(
    join(folder, "segment-000000000002.jsonl"),
    join(folder, `segment-${String(count + 1).padStart(12, "0")}.jsonl`),
  );
  expect(await verifySpool(folder)).toMatchObject({ verdict: "forked" });
});

test("two sidecars that wrote on with copies of one spool are a fork", async () => {
  const folder = spool();
  const copy = newFolder();
  openWriter(copy).close("only to make the folder");
  for (const name of [first, "head.json"]) copyFileSync(join(folder, name), join(copy, name));
  for (const [where, statement] of [
    [folder, 101],
    [copy, 201],
  ] as const) {
    const writer = openWriter(where);
    writer.write([decision(statement), outcome(statement)]);
    writer.close("done");
  }
  const tail = readFileSync(join(copy, first), "utf8").split("\n").slice(18).join("\n");
  appendFileSync(join(folder, first), tail);
  expect(await verifySpool(folder)).toMatchObject({ verdict: "forked", counts: { forked: 4 } });
});

test("another spool's chain put in between begins without naming the one before it", async () => {
  const folder = spool();
  const other = spool();
  copyFileSync(join(other, first), join(folder, "segment-000000000002.jsonl"));
  expect(await verifySpool(folder)).toMatchObject({
    verdict: "wrong-first",
    findings: [{ detail: expect.stringContaining("begins without naming the one before it") }],
  });
});

test("decisions without outcome are named with their places", async () => {
  const folder = newFolder();
  const writer = openWriter(folder);
  writer.write([decision(1), decision(2), outcome(1)]);
  expect(await verifySpool(folder)).toMatchObject({
    verdict: "unclosed",
    exitCode: 8,
    findings: [{ place: { file: first, line: 3 }, detail: "decision 5e55/2 has no outcome" }],
  });
  writer.close("done");
});

test("the gravest finding decides the exit code; all are counted", async () => {
  const folder = spool();
  rewrite(folder, (lines) => [...lines.slice(0, 3), lines[3]!.replace("Statement", "Stotement"), ...lines.slice(6)]);
  expect(await verifySpool(folder)).toMatchObject({ verdict: "altered", counts: { altered: 1, missing: 2 } });
});

test("what is no spool is unreadable, with the remedy", async () => {
  expect(await verifySpool("/nonexistent/spool")).toMatchObject({
    verdict: "unreadable",
    exitCode: 9,
    notes: [expect.stringContaining("(ENOENT): name a spool folder that you may read")],
  });
  const folder = spool();
  rmSync(join(folder, first));
  rmSync(join(folder, "head.json"));
  expect(verifyReportText(await verifySpool(folder))).toMatch(/^unreadable: .*\n {2}note: .*holds no segment/);
});

test("all segments gone is a cut tail while the head is there", async () => {
  const folder = spool();
  rmSync(join(folder, first));
  expect(await verifySpool(folder)).toMatchObject({ verdict: "truncated", counts: { truncated: 18 } });
});

test("a flip of any one bit is found", async () => {
  const folder = spool();
  const file = join(folder, first);
  const original = readFileSync(file);
  await fc.assert(
    fc.asyncProperty(fc.nat(original.length - 1), fc.nat(7), async (offset, bit) => {
      const flipped = Buffer.from(original);
      flipped[offset]! ^= 1 << bit;
      writeFileSync(file, flipped);
      expect((await verifySpool(folder)).verdict).not.toBe("intact");
    }),
  );
});

test("no bytes whatever make it throw", async () => {
  const folder = spool();
  const file = join(folder, first);
  const original = readFileSync(file);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(original.length),
      fc.nat(400),
      fc.uint8Array({ maxLength: 300 }),
      async (offset, length, rubbish) => {
        writeFileSync(file, Buffer.concat([original.subarray(0, offset), rubbish, original.subarray(offset + length)]));
        expect(Object.keys(EXIT_CODES)).toContain((await verifySpool(folder)).verdict);
      },
    ),
  );
});
