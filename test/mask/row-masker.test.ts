// DataRow frames: masked columns change, all other bytes stay, and what is not a row ends the session.
import fc from "fast-check";
import { compileRowMasker } from "../../pkg/mask/row-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import { OID } from "../../pkg/mask/type-oids.ts";
import type { ColumnMask } from "../../pkg/policy/decision.ts";
import { WireError } from "../../pkg/wire/postgres/frame-reader.ts";
import { CONTEXT, dataRow } from "./cells.ts";
import { masked } from "./masks.ts";

const field = { type: OID.text, typmod: -1, format: 0 } as const;

test("nothing to mask means no masker", () => {
  expect(compileRowMasker({ columns: null }, [field], CONTEXT)).toBeNull();
  expect(compileRowMasker({ columns: [null] }, [field], CONTEXT)).toBeNull();
});

test("a plan for another number of columns is refused", () => {
  expect(() => compileRowMasker({ columns: [masked("Null")] }, [field, field], CONTEXT)).toThrow(WireError);
});

test("cells are counted, NULLs are not", () => {
  const masker = compileRowMasker({ columns: [masked("Null"), masked("Default")] }, [field, field], CONTEXT)!;
  const sink = new RowSink();
  for (const row of [dataRow(["a", "b"]), dataRow([null, "b"]), dataRow([null, null])])
    masker.maskDataRow(row, 0, row.length, sink);
  expect(masker.maskedCells).toBe(3);
  expect(sink.take()).toEqual(Buffer.concat([dataRow([null, "***"]), dataRow([null, "***"]), dataRow([null, null])]));
});

test("any rows, anywhere in a buffer, come out as if rebuilt cell by cell", () => {
  const cell = fc.oneof(
    fc.constant(null),
    fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
  );
  const masks = [null, masked("Null"), masked("Default"), masked("Redact"), masked("Redact", { text: "x".repeat(64) })];
  const expected = [undefined, null, "***", "[redacted]", "x".repeat(64)];
  fc.assert(
    fc.property(
      fc
        .array(fc.nat(masks.length - 1), { minLength: 1, maxLength: 9 })
        .chain((choice) =>
          fc.tuple(
            fc.constant(choice),
            fc.array(fc.array(cell, { minLength: choice.length, maxLength: choice.length }), { maxLength: 20 }),
          ),
        ),
      fc.nat(50),
      fc.nat(3),
      ([choice, rows], before, perTake) => {
        const plan = { columns: choice.map((i): ColumnMask | null => masks[i]!) };
        const masker = compileRowMasker(
          plan,
          choice.map(() => field),
          CONTEXT,
        );
        if (masker === null) return;
        const frames = rows.map(dataRow);
        const buffer = Buffer.concat([Buffer.alloc(before, 0xaa), ...frames]);
        const sink = new RowSink();
        const taken: Buffer[] = [];
        let at = before;
        for (const [i, frame] of frames.entries()) {
          masker.maskDataRow(buffer, at, at + frame.length, sink);
          at += frame.length;
          if (perTake > 0 && i % perTake === 0) taken.push(sink.take());
        }
        taken.push(sink.take());
        const wanted = rows.map((row) =>
          dataRow(
            row.map((value, i) => {
              const own = expected[choice[i]!];
              return value === null || own === undefined ? value : own;
            }),
          ),
        );
        expect(Buffer.concat(taken)).toEqual(Buffer.concat(wanted));
      },
    ),
  );
});

test("what is not a row of the result throws WireError, whatever was done to it", () => {
  const masker = compileRowMasker(
    { columns: [null, masked("Partial"), masked("ShiftDate", {}, 0)] },
    [field, field, field],
    CONTEXT,
  )!;
  const row = dataRow(["abc", "ana@b.cd", null]);
  for (let end = 0; end < row.length; end++) {
    expect(() => masker.maskDataRow(row.subarray(0, end), 0, end, new RowSink())).toThrow(WireError);
  }
  const longer = Buffer.concat([row, Buffer.from([0])]);
  expect(() => masker.maskDataRow(longer, 0, longer.length, new RowSink())).toThrow(WireError);
  fc.assert(
    fc.property(fc.nat(row.length - 1), fc.nat(255), (at, byte) => {
      const broken = Buffer.from(row);
      broken[at] = byte;
      try {
        masker.maskDataRow(broken, 0, broken.length, new RowSink());
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a value that is not one of its type becomes Default, whatever its bytes", () => {
  const types = [
    OID.int4,
    OID.int8,
    OID.numeric,
    OID.float8,
    OID.date,
    OID.timestamptz,
    OID.timetz,
    OID.uuid,
    OID.inet,
    OID.macaddr,
    OID.jsonb,
    1009,
    1007,
    3904,
    3912,
    OID.bit,
    OID.bytea,
  ];
  const masks = [
    masked("Token"),
    masked("Partial"),
    masked("Round"),
    masked("TruncateDate"),
    masked("Default"),
    masked("Encrypt"),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...types),
      fc.constantFrom(...masks),
      fc.constantFrom(0, 1),
      fc.uint8Array({ maxLength: 60 }),
      (type, mask, format, bytes) => {
        const masker = compileRowMasker({ columns: [mask] }, [{ type, typmod: -1, format: format as 0 | 1 }], CONTEXT)!;
        const row = dataRow([Buffer.from(bytes)]);
        masker.maskDataRow(row, 0, row.length, new RowSink());
      },
    ),
    { numRuns: 3000 },
  );
});

test("a sink grows for values larger than its chunks, and what was taken stays as it was", () => {
  const masker = compileRowMasker(
    { columns: [masked("Redact", { keepLength: true }), null] },
    [field, field],
    CONTEXT,
  )!;
  const sink = new RowSink();
  const large = dataRow(["y".repeat(300_000), "z".repeat(300_000)]);
  masker.maskDataRow(large, 0, large.length, sink);
  const first = sink.take();
  const copy = Buffer.from(first);
  for (let i = 0; i < 50; i++) masker.maskDataRow(large, 0, large.length, sink);
  expect(first.equals(copy)).toBe(true);
  expect(first.equals(dataRow(["*".repeat(300_000), "z".repeat(300_000)]))).toBe(true);
  expect(sink.take().length).toBe(50 * first.length);
});

test("a type that nothing is known of becomes NULL, an extension's text type is a text", () => {
  const facts = (name: string, category: string) => ({
    kind: "b",
    category,
    schema: "public",
    name,
    element: 0,
    base: 0,
    relation: 0,
  });
  const types = (oid: number) =>
    oid === 70001 ? facts("vector", "U") : oid === 70002 ? facts("citext", "S") : undefined;
  const cell = (type: number) => {
    const masker = compileRowMasker({ columns: [masked("Default")] }, [{ type, typmod: -1, format: 0 }], {
      ...CONTEXT,
      types,
    })!;
    const sink = new RowSink();
    const row = dataRow(["[1,2,3]"]);
    masker.maskDataRow(row, 0, row.length, sink);
    return sink.take();
  };
  expect(cell(70001)).toEqual(dataRow([null]));
  expect(cell(70002)).toEqual(dataRow(["***"]));
  expect(cell(70003)).toEqual(dataRow([null]));
  expect(cell(2249)).toEqual(dataRow([null])); // an anonymous record does not tell its types in text
});
