// ShiftDate moves all dates of one subject by the same days, whatever the formats, and no date without its subject.
import { compileCopyMasker } from "../../pkg/mask/copy-masker.ts";
import { compileRowMasker } from "../../pkg/mask/row-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import { OID } from "../../pkg/mask/type-oids.ts";
import type { MaskPlan } from "../../pkg/policy/decision.ts";
import { CONTEXT, dataRow } from "./cells.ts";
import { masked } from "./masks.ts";
import { cellsOf } from "./real-columns.ts";

const DAY_MS = 86_400_000;
const plan: MaskPlan = {
  columns: [masked("ShiftDate", { maxDays: 30 }, 1), null, masked("ShiftDate", { maxDays: 30 }, 1)],
};
const fields = [
  { type: OID.date, typmod: -1, format: 0 },
  { type: OID.int4, typmod: -1, format: 0 },
  { type: OID.timestamp, typmod: -1, format: 0 },
] as const;

function shifted(subject: string | null, own: MaskPlan = plan): (string | undefined)[] {
  const masker = compileRowMasker(own, fields, CONTEXT)!;
  const sink = new RowSink();
  const row = dataRow(["2024-05-17", subject, "2024-05-20 10:00:00"]);
  masker.maskDataRow(row, 0, row.length, sink);
  return cellsOf(sink.take()).map((cell) => cell?.toString());
}

const daysFrom = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / DAY_MS;

test("dates of one subject keep their distance, and move by 1 to maxDays either way", () => {
  const shifts = Array.from({ length: 300 }, (_, subject) => {
    const [date, id, time] = shifted(String(subject)) as [string, string, string];
    expect(id).toBe(String(subject));
    expect(time).toMatch(/ 10:00:00$/);
    expect(daysFrom(date, time.slice(0, 10))).toBe(3);
    return daysFrom("2024-05-17", date);
  });
  expect(Math.min(...shifts)).toBeGreaterThanOrEqual(-30);
  expect(Math.max(...shifts)).toBeLessThanOrEqual(30);
  expect(shifts).not.toContain(0);
  expect(new Set(shifts).size).toBeGreaterThan(50);
});

test("without a subject, or with a NULL one, there is no shift but Default", () => {
  expect(shifted(null)).toEqual(["2000-01-01", undefined, "2000-01-01 00:00:00"]);
  const without: MaskPlan = { columns: [masked("ShiftDate"), null, null] };
  expect(shifted("7", without)[0]).toBe("2000-01-01");
  const outside: MaskPlan = { columns: [masked("ShiftDate", {}, 9), null, null] };
  expect(shifted("7", outside)[0]).toBe("2000-01-01");
});

test("a row after one with a NULL subject has its own shift", () => {
  const masker = compileRowMasker(plan, fields, CONTEXT)!;
  const sink = new RowSink();
  const rows = ["7", null, "7"].map((subject) => {
    const row = dataRow(["2024-05-17", subject, null]);
    masker.maskDataRow(row, 0, row.length, sink);
    return cellsOf(sink.take())[0]!.toString();
  });
  expect(rows).toEqual([rows[0], "2000-01-01", rows[0]]);
});

test("the subject's format does not matter, and COPY shifts as rows do", () => {
  const binarySubject = Buffer.alloc(4);
  binarySubject.writeInt32BE(4711);
  const binary = compileRowMasker(plan, [fields[0], { ...fields[1], format: 1 }, fields[2]], CONTEXT)!;
  const sink = new RowSink();
  const row = dataRow(["2024-05-17", binarySubject, null]);
  binary.maskDataRow(row, 0, row.length, sink);
  const expected = shifted("4711")[0];
  expect(cellsOf(sink.take())[0]!.toString()).toBe(expected);
  const options = {
    delimiter: ",",
    nullText: "",
    quote: '"',
    escape: '"',
    header: false,
    encoding: null,
    forceQuote: [],
    types: fields.map((field) => field.type),
  };
  for (const format of ["csv", "text"] as const) {
    const copy = compileCopyMasker(plan, { ...options, format }, CONTEXT)!;
    expect(copy.push(Buffer.from("2024-05-17,4711,\n2024-05-17,,\n")).toString()).toBe(
      `${expected},4711,\n2000-01-01,,\n`,
    );
  }
});
