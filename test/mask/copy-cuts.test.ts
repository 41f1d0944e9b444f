// COPY data masked the same however it is cut into CopyData messages, and refused when it is not COPY data.
import fc from "fast-check";
import { type CopyMasker, type CopyShape, compileCopyMasker } from "../../pkg/mask/copy-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import type { MaskPlan } from "../../pkg/policy/decision.ts";
import { WireError } from "../../pkg/wire/postgres/frame-reader.ts";
import * as message from "../support/messages.ts";
import { KEYS, masked } from "./masks.ts";

const context = { keys: KEYS, types: () => undefined, serverMajor: 18 };
const TEXT_OID = 25;
const plan: MaskPlan = { columns: [null, masked("Partial"), masked("Null")] };

const TEXT: CopyShape = {
  format: "text",
  delimiter: "\t",
  nullText: "\\N",
  quote: '"',
  escape: '"',
  header: false,
  forceQuote: [],
  types: [TEXT_OID, TEXT_OID, TEXT_OID],
};
const CSV: CopyShape = { ...TEXT, format: "csv", delimiter: ",", nullText: "" };
const BINARY: CopyShape = { ...TEXT, format: "binary" };

function maskerOf(copy: CopyShape, own: MaskPlan = plan): CopyMasker {
  return compileCopyMasker(own, copy, context)!;
}

/** Masks data cut at the given places. */
function maskCut(copy: CopyShape, data: Buffer, cuts: readonly number[]): string {
  const masker = maskerOf(copy);
  const places = [0, ...[...cuts].sort((a, b) => a - b).map((cut) => cut % (data.length + 1)), data.length].sort(
    (a, b) => a - b,
  );
  const parts = places.slice(1).map((end, i) => Buffer.from(masker.push(Buffer.from(data.subarray(places[i]!, end)))));
  masker.finish();
  expect(masker.heldBytes).toBe(0);
  return Buffer.concat(parts).toString("latin1");
}

function binaryData(rows: readonly (readonly (string | null)[])[], extension = ""): Buffer {
  const int32 = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
  const cell = (value: string | null) =>
    value === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"),
    int32(0),
    int32(extension.length),
    Buffer.from(extension),
    ...rows.flatMap((row) => [Buffer.from([0, row.length]), ...row.map(cell)]),
    Buffer.from([0xff, 0xff]),
  ]);
}

const samples: readonly (readonly [string, CopyShape, Buffer, Buffer])[] = [
  [
    "text",
    TEXT,
    Buffer.from("1\tana@b.cd\tx\n2\t\\N\t\\N\na\\tb\\\\\tx\\ty\\nz\\\\\tq\n"),
    Buffer.from("1\ta***@b.cd\t\\N\n2\t\\N\t\\N\na\\tb\\\\\tx***\t\\N\n"),
  ],
  [
    "text with another delimiter that stands in the values and a header",
    { ...TEXT, delimiter: "|", nullText: "", header: true },
    Buffer.from("id|mail|note\n1|\\|bc|x\n||\n"),
    Buffer.from("id|mail|note\n1|\\|***|\n||\n"),
  ],
  ["text of a single empty row", { ...TEXT }, Buffer.from("\t\t\n\\.\n"), Buffer.from("\t***\t\\N\n\\.\n")],
  [
    "csv",
    CSV,
    Buffer.from('1,ana@b.cd,x\n2,,\n3,"","a\n,""b"\n"4\n""",",q,q",y\n'),
    Buffer.from('1,a***@b.cd,\n2,,\n3,***,\n"4\n""",",***",\n'),
  ],
  [
    "csv with its own quote and escape, forced quotes, header over two lines",
    { ...CSV, quote: "'", escape: "\\", nullText: "NULL", forceQuote: [1], header: true },
    Buffer.from("id,'a\nb','c,d'\n1,'it\\'s \\\\ x',z\n2,NULL,NULL\n3,'NULL',NULL\n4,'*\\'',NULL\n"),
    Buffer.from("id,'a\nb','c,d'\n1,'i***',NULL\n2,NULL,NULL\n3,'N***',NULL\n4,'****',NULL\n"),
  ],
  [
    "binary",
    BINARY,
    binaryData(
      [
        ["1", "ana@b.cd", "x"],
        ["2", null, null],
        ["", "", ""],
      ],
      "future",
    ),
    binaryData(
      [
        ["1", "a***@b.cd", null],
        ["2", null, null],
        ["", "***", null],
      ],
      "future",
    ),
  ],
];

test.each(samples)("%s: masked columns change, everything else stays byte for byte", (_name, copy, data, expected) => {
  expect(maskCut(copy, data, [])).toBe(expected.toString("latin1"));
});

test.each(samples)("%s: the same however it is cut", (_name, copy, data, expected) => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
      expect(maskCut(copy, data, cuts)).toBe(expected.toString("latin1"));
    }),
  );
  const singleBytes = Array.from(data, (_, i) => i);
  expect(maskCut(copy, data, singleBytes)).toBe(expected.toString("latin1"));
});

test.each(samples)("%s: frame by frame into a sink, the same however it is cut", (_name, copy, data, expected) => {
  fc.assert(
    fc.property(fc.array(fc.nat(data.length), { maxLength: 8 }), (cuts) => {
      const masker = maskerOf(copy);
      const places = [0, ...cuts, data.length].sort((a, b) => a - b);
      const frames = places.slice(1).map((end, i) => message.copyData(data.subarray(places[i]!, end)));
      const stream = Buffer.concat(frames);
      const sink = new RowSink();
      let at = 0;
      for (const frame of frames) {
        masker.maskCopyData(stream, at, at + frame.length, sink);
        at += frame.length;
      }
      masker.finish();
      expect(bodiesOf(sink.take()).toString("latin1")).toBe(expected.toString("latin1"));
    }),
  );
});

/** The bodies of CopyData frames, none of them empty. */
function bodiesOf(frames: Buffer): Buffer {
  const bodies: Buffer[] = [];
  for (let at = 0; at < frames.length; ) {
    const end = at + 1 + frames.readUInt32BE(at + 1);
    expect(String.fromCharCode(frames[at]!)).toBe("d");
    expect(end - at).toBeGreaterThan(5);
    bodies.push(frames.subarray(at + 5, end));
    at = end;
  }
  return Buffer.concat(bodies);
}

test("masked cells are counted, NULLs are not", () => {
  const masker = maskerOf(CSV);
  masker.push(Buffer.from("1,a,b\n2,,\n"));
  expect(masker.maskedCells).toBe(2);
});

test("a forced column keeps its quotes, and a value that reads as NULL gets them", () => {
  const columns: MaskPlan = { columns: [masked("Default"), null, null] };
  const copy: CopyShape = { ...CSV, nullText: "***", forceQuote: "*" };
  expect(maskerOf(copy, columns).push(Buffer.from('"a",,\n')).toString()).toBe('"***",,\n');
  expect(
    maskerOf({ ...copy, forceQuote: [] }, columns)
      .push(Buffer.from("a,b,c\n"))
      .toString(),
  ).toBe('"***",b,c\n');
});

test.each([
  ["a text row of too few columns", TEXT, "1\t2\n"],
  ["a text row of too many columns", TEXT, "1\t2\t3\t4\n"],
  ["a csv row of too few columns", CSV, '1,"2,3"\n'],
  ["another binary signature", BINARY, "PGCOPX"],
  ["critical binary flags", BINARY, "PGCOPY\n\xff\r\n\0\0\x01\0\0\0\0\0\0"],
  ["a negative header length", BINARY, "PGCOPY\n\xff\r\n\0\0\0\0\0\xff\xff\xff\xff"],
  ["a binary row of too few columns", BINARY, "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x02"],
  ["a negative column length", BINARY, "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x03\xff\xff\xff\xfe"],
  ["bytes after the trailer", BINARY, "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xffx"],
] as const)("%s ends the session", (_name, copy, data) => {
  expect(() => maskerOf(copy).push(Buffer.from(data, "latin1"))).toThrow(WireError);
});

test.each([
  ["text inside a row", TEXT, "1\t2"],
  ["csv inside quotes", CSV, '1,"2\n'],
  ["binary before its trailer", BINARY, "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"],
] as const)("an end of the data in %s ends the session", (_name, copy, data) => {
  const masker = maskerOf(copy);
  masker.push(Buffer.from(data, "latin1"));
  expect(() => masker.finish()).toThrow(WireError);
});

test("a plan of another number of columns is refused, a plan of none masks nothing", () => {
  expect(() => compileCopyMasker({ columns: [masked("Null")] }, TEXT, context)).toThrow(WireError);
  expect(compileCopyMasker({ columns: null }, TEXT, context)).toBeNull();
  expect(compileCopyMasker({ columns: [null, null, null] }, TEXT, context)).toBeNull();
});

test("a large value that comes in many messages is masked in time linear in its size", () => {
  const masker = maskerOf({ ...CSV, types: [TEXT_OID, TEXT_OID, TEXT_OID] });
  const piece = Buffer.alloc(8192, "a");
  masker.push(Buffer.from('1,"'));
  for (let i = 0; i < 2000; i++) expect(masker.push(piece).length).toBe(0);
  expect(masker.push(Buffer.from('",x\n')).toString()).toBe("1,a***,\n");
});

test("a column whose type is not known becomes NULL", () => {
  const masker = maskerOf({ ...CSV, types: [0, 0, 0] }, { columns: [masked("Partial"), null, null] });
  expect(masker.push(Buffer.from("a,b,c\n")).toString()).toBe(",b,c\n");
});
