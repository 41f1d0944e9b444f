// The quick reading of a Bind accepts and refuses exactly what the whole one does, and tells the same names.
import fc from "fast-check";
import { decodeBind, decodeBindNames, encodeBind } from "../../pkg/wire/postgres/bind.ts";

function result(read: () => { portal: string; statement: string }): unknown {
  try {
    const { portal, statement } = read();
    return { portal, statement };
  } catch (error) {
    return (error as Error).message;
  }
}

const name = fc.string({ unit: fc.constantFrom("a", "é", "s", "1"), maxLength: 40 });
const numbers = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 4 });
const binds = fc.record({
  portal: name,
  statement: name,
  parameterFormats: numbers,
  parameters: fc.array(fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))), {
    maxLength: 5,
  }),
  resultFormats: numbers,
});

test("of a Bind as a client encodes it", () => {
  fc.assert(
    fc.property(binds, (bind) => {
      const body = encodeBind(bind).subarray(5);
      expect(result(() => decodeBindNames(body))).toEqual({ portal: bind.portal, statement: bind.statement });
    }),
  );
});

test("of any bytes, wherever in a buffer they stand", () => {
  const damaged = fc.tuple(binds, fc.nat(), fc.nat({ max: 255 })).map(([bind, at, value]) => {
    const body = Buffer.from(encodeBind(bind).subarray(5));
    body[at % body.length] = value;
    return body;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), fc.nat({ max: 7 }), (bytes, before) => {
      const body = Buffer.from(bytes);
      const whole = result(() => decodeBind(body));
      expect(result(() => decodeBindNames(body))).toEqual(whole);
      expect(result(() => decodeBindNames(Buffer.concat([Buffer.alloc(before, 1), body]), before))).toEqual(whole);
    }),
    { numRuns: 2000 },
  );
});
