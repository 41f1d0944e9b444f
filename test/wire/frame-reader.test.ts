// The same however cut: any split of the byte stream gives the same frames, also when the reader's input buffer is reused.
import fc from "fast-check";
import {
  CLIENT_TYPES,
  FRAME_BYTES_MAX,
  FrameReader,
  SERVER_TYPES,
  WireError,
} from "../../pkg/wire/postgres/frame-reader.ts";

const limits = { frameBytesMax: 1 << 20 };

function frame(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeUInt32BE(data.length + 4, 1);
  return Buffer.concat([head, data]);
}

function drain(reader: FrameReader): string[] {
  const found: string[] = [];
  while (reader.advance()) {
    found.push(`${String.fromCharCode(reader.type)}:${reader.buffer.toString("hex", reader.start, reader.end)}`);
  }
  return found;
}

function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (stream.length + 1)))].sort((a, b) => a - b);
  return [...ends, stream.length].map((end, index) => stream.subarray(index === 0 ? 0 : ends[index - 1], end));
}

const frames = fc.array(
  fc
    .tuple(fc.constantFrom("Q", "P", "B", "d"), fc.uint8Array({ maxLength: 300 }))
    .map(([type, data]) => frame(type, Buffer.from(data))),
  { minLength: 1, maxLength: 8 },
);

test("any split gives the same frames, with a read buffer that is overwritten after each read", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 12 }), (sent, places) => {
      const stream = Buffer.concat(sent);
      const reader = new FrameReader(CLIENT_TYPES, limits);
      const readBuffer = Buffer.alloc(stream.length);
      const found = cut(stream, places).flatMap((chunk) => {
        chunk.copy(readBuffer);
        reader.push(readBuffer.subarray(0, chunk.length));
        const now = drain(reader);
        readBuffer.fill(0xee);
        return now;
      });
      expect(found).toEqual(sent.map((whole) => `${String.fromCharCode(whole[0]!)}:${whole.toString("hex")}`));
      expect(reader.heldBytes).toBe(0);
    }),
  );
});

test("byte by byte gives the same frames", () => {
  const stream = Buffer.concat([
    frame("Q", Buffer.from("SELECT 1\0")),
    frame("S", Buffer.alloc(0)),
    frame("d", Buffer.alloc(70_000, 7)),
  ]);
  const reader = new FrameReader(CLIENT_TYPES, limits);
  const found = [...stream].flatMap((byte) => {
    reader.push(Buffer.from([byte]));
    return drain(reader);
  });
  expect(found.map((one) => one[0])).toEqual(["Q", "S", "d"]);
});

test("a long frame in socket-sized chunks, with the next frame in its last chunk", () => {
  const long = frame("d", Buffer.alloc(900_000, 3));
  const stream = Buffer.concat([long, frame("S", Buffer.alloc(0)), frame("Q", Buffer.from("x\0"))]);
  const reader = new FrameReader(CLIENT_TYPES, limits);
  const found: string[] = [];
  for (let at = 0; at < stream.length; at += 65_536) {
    reader.push(stream.subarray(at, at + 65_536));
    found.push(...drain(reader).map((one) => one.slice(0, 12)));
  }
  expect(found).toEqual(["d:64000dbba4", "S:5300000004", "Q:5100000006"].map((head) => head.slice(0, 12)));
});

test("frames that were not taken before the next push are not lost", () => {
  const reader = new FrameReader(CLIENT_TYPES, limits);
  reader.push(frame("S", Buffer.alloc(0)));
  reader.push(frame("H", Buffer.alloc(0)));
  expect(drain(reader).map((one) => one[0])).toEqual(["S", "H"]);
});

test("what is held can be handed on", () => {
  const reader = new FrameReader(CLIENT_TYPES, limits);
  reader.push(Buffer.concat([frame("S", Buffer.alloc(0)), Buffer.from("Q\0\0\0\x20SEL", "latin1")]));
  expect(drain(reader)).toHaveLength(1);
  expect(reader.held().toString("latin1")).toBe("Q\0\0\0\x20SEL");
  expect(reader.heldBytes).toBe(8);
});

describe("a malformed header ends it before its body arrives", () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["an unknown type, at its first byte", CLIENT_TYPES, "!"],
    ["a login message after login", CLIENT_TYPES, "p"],
    ["a server's message from a client", CLIENT_TYPES, "T\0\0\0\x04"],
    ["a client's message from a server", SERVER_TYPES, "Q\0\0\0\x04"],
    ["a length of 3", CLIENT_TYPES, "Q\0\0\0\x03"],
    ["a length of 0", CLIENT_TYPES, "S\0\0\0\0"],
    ["a negative length", CLIENT_TYPES, "Q\xff\xff\xff\xff"],
    ["a frame above the limit", CLIENT_TYPES, "Q\0\x10\0\0"],
    ["a Sync of 10,001 bytes", CLIENT_TYPES, "S\0\0\x27\x11"],
  ];
  test.each(cases)("%s", (_name, known, data) => {
    const reader = new FrameReader(known, limits);
    reader.push(Buffer.from(data, "latin1"));
    expect(() => reader.advance()).toThrow(WireError);
  });
});

test("a claimed gigabyte takes no memory before it arrives", () => {
  const reader = new FrameReader(SERVER_TYPES, { frameBytesMax: FRAME_BYTES_MAX });
  const before = process.memoryUsage().arrayBuffers;
  reader.push(Buffer.from("D\x3f\xff\xff\xff", "latin1"));
  expect(reader.advance()).toBe(false);
  reader.push(Buffer.alloc(1000));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
});

test("random bytes give frames inside the buffer or a WireError", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (chunks) => {
      const reader = new FrameReader(CLIENT_TYPES, limits);
      try {
        for (const chunk of chunks) {
          reader.push(Buffer.from(chunk));
          while (reader.advance()) expect(reader.end).toBeLessThanOrEqual(reader.buffer.length);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
  );
});
