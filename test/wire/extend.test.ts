// Taking a run of frames at once gives the same bytes, the same number of frames and the same errors as taking them one by one.
import fc from "fast-check";
import { FrameReader, SERVER_TYPES, WireError } from "../../pkg/wire/postgres/frame-reader.ts";

const ROW = 0x44;

interface Read {
  readonly rows: number;
  readonly bytes: string;
  readonly error: string | null;
}

function read(chunks: readonly Buffer[], asRuns: boolean): Read {
  const reader = new FrameReader(SERVER_TYPES, { frameBytesMax: 300 });
  const bytes: Buffer[] = [];
  let rows = 0;
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      while (reader.advance()) {
        if (reader.type === ROW) rows += 1 + (asRuns ? reader.extend() : 0);
        bytes.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
      }
    }
    return { rows, bytes: Buffer.concat(bytes).toString("hex"), error: null };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { rows, bytes: Buffer.concat(bytes).toString("hex"), error: error.message };
  }
}

const frame = fc.record({
  type: fc.constantFrom(..."DDDDDDCZd"),
  body: fc.uint8Array({ maxLength: 30 }),
  length: fc.option(fc.constantFrom(0, 3, 296, 5000, 0xffffffff), { freq: 30 }),
});
const stream = fc.array(frame, { maxLength: 30 }).map((frames) =>
  Buffer.concat(
    frames.map(({ type, body, length }) => {
      const head = Buffer.from(`${type}....`);
      head.writeUInt32BE(length ?? body.length + 4, 1);
      return Buffer.concat([head, body]);
    }),
  ),
);

test("over any stream, cut anywhere", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat({ max: 600 }), { maxLength: 6 }), (bytes, cuts) => {
      const places = [...new Set(cuts.filter((cut) => cut < bytes.length)), bytes.length].sort((a, b) => a - b);
      const chunks = places.map((place, at) => Buffer.from(bytes.subarray(places[at - 1] ?? 0, place)));
      expect(read(chunks, true)).toEqual(read(chunks, false));
    }),
    { numRuns: 3000 },
  );
});
