import fc from "fast-check";
import { intactLine, LINE_BYTES_MAX, LineBuffer, parseLine } from "../../pkg/audit/line.ts";
import { scanLines } from "../../pkg/audit/scan-lines.ts";
import { type SpoolFiles, systemFiles } from "../../pkg/audit/spool-files.ts";

/** A file in memory that gives at most `step` bytes a read. */
function memory(content: Buffer, step: number): SpoolFiles {
  return {
    ...systemFiles,
    read: (_, into, position) => content.copy(into, 0, position, position + Math.min(step, into.length)),
  };
}

function scanned(content: Buffer, step: number) {
  return Array.from(scanLines(memory(content, step), 0), ({ bytes, ...line }) => ({ ...line, text: bytes.toString() }));
}

test("lines come whole, with their places, however the reads are cut", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ maxLength: 30 }).map((line) => line.replaceAll("\n", "")),
        { maxLength: 20 },
      ),
      fc.string({ maxLength: 5 }),
      fc.integer({ min: 1, max: 50 }),
      (lines, rest, step) => {
        const tail = rest.replaceAll("\n", "");
        const content = Buffer.from(lines.map((line) => `${line}\n`).join("") + tail);
        const found = scanned(content, step);
        expect(found.filter(({ terminated }) => terminated).map(({ text }) => text)).toEqual(lines);
        expect(found.filter(({ terminated }) => !terminated).map(({ text }) => text)).toEqual(
          tail === "" ? [] : [tail],
        );
        for (const { startOffset, endOffset, text, terminated } of found) {
          expect(content.toString("utf8", startOffset, endOffset)).toBe(terminated ? `${text}\n` : text);
        }
      },
    ),
  );
});

test("a line beyond the limit is passed over in bounded memory, and the next one is found", () => {
  const content = Buffer.concat([Buffer.alloc(LINE_BYTES_MAX + 1_500_000, 0x61), Buffer.from("\nnext\n")]);
  expect(scanned(content, 700_000)).toEqual([
    { text: "", number: 1, startOffset: 0, endOffset: LINE_BYTES_MAX + 1_500_001, terminated: true },
    {
      text: "next",
      number: 2,
      startOffset: LINE_BYTES_MAX + 1_500_001,
      endOffset: LINE_BYTES_MAX + 1_500_006,
      terminated: true,
    },
  ]);
});

const at = { chain: "c".repeat(32), number: 0, previous: "0".repeat(64), timeMs: 0 };

test("a record comes out of its line byte for byte", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: "grapheme", maxLength: 300 }).map((text) => JSON.stringify(text)),
        { minLength: 1, maxLength: 50 },
      ),
      (records) => {
        const lines = new LineBuffer();
        const hashes = records.map((record) => lines.add((_, out) => out.text(record), at));
        const found = lines
          .bytes()
          .toString()
          .split("\n")
          .slice(0, -1)
          .map((line) => intactLine(Buffer.from(line))!);
        expect(found.map(({ record }) => record.toString())).toEqual(records);
        expect(found.map(({ hash }) => hash)).toEqual(hashes);
        expect(JSON.parse(lines.bytes().toString().split("\n")[0]!).record).toBe(JSON.parse(records[0]!));
      },
    ),
  );
});

test("no bytes whatever make the line reader throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseLine(Buffer.from(bytes))));
});
