// A Bind checked in pieces is accepted and refused exactly as a whole one, wherever it is cut.
import fc from "fast-check";
import { decodeBindNames, encodeBind } from "../../pkg/wire/postgres/bind.ts";
import { BindCheck } from "../../pkg/wire/postgres/bind-check.ts";

function accepts(read: () => void): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function inPieces(body: Buffer, cuts: readonly number[]): void {
  const check = new BindCheck(body.length);
  const places = [...new Set(cuts.map((cut) => cut % (body.length + 1)))].sort((left, right) => left - right);
  let from = 0;
  for (const place of [...places, body.length]) {
    check.push(body.subarray(from, place));
    from = place;
  }
}

const name = fc.string({ unit: fc.constantFrom("a", "é", "1"), maxLength: 8 });
const numbers = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 4 });
const values = fc.array(fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))), {
  maxLength: 5,
});
const bodies = fc
  .record({ portal: name, statement: name, parameterFormats: numbers, parameters: values, resultFormats: numbers })
  .map((bind) => encodeBind(bind).subarray(5));
const damaged = fc.tuple(bodies, fc.nat(), fc.nat({ max: 255 })).map(([body, at, value]) => {
  const bytes = Buffer.from(body);
  bytes[at % bytes.length] = value;
  return bytes;
});
const cut = fc.tuple(bodies, fc.nat()).map(([body, end]) => body.subarray(0, 1 + (end % body.length)));
const noise = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes));

test("whatever the bytes and the cuts", () => {
  const bytes = fc.oneof(bodies, damaged, cut, noise);
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 6 }), (body, cuts) => {
      expect(accepts(() => inPieces(body, cuts))).toBe(accepts(() => decodeBindNames(body)));
    }),
    { numRuns: 5000 },
  );
});

test("a value that leaves the message is told when its length has come, not at the end", () => {
  const check = new BindCheck(1000);
  const head = encodeBind({
    portal: "",
    statement: "",
    parameterFormats: [],
    parameters: [Buffer.alloc(2000)],
    resultFormats: [],
  });
  expect(() => check.push(head.subarray(5, 15))).toThrow("truncated");
});
