// Which trace a statement says it belongs to, and that nothing else of its comments is ever taken.
import fc from "fast-check";
import { traceparentOf } from "../../pkg/gate/traceparent.ts";

const one = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const two = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
const of = (text: string) => traceparentOf(Buffer.from(text));

test.each([
  [`SELECT 1 /*traceparent='${one}'*/`, one],
  [`SELECT 1 /*action='show',traceparent='${one}',tracestate='a%3Db'*/`, one],
  [`SELECT 1 /* traceparent=${one} */ ;\n`, one],
  [`/*traceparent:${one}*/ SELECT 1`, one],
  [`SELECT 1 /*application:web,traceparent:${one}*/;`, one],
  [`SELECT 1 /*traceparent='${one}',traceparent='${two}'*/`, two],
  [`/*traceparent='${one}'*/ SELECT 1 /*traceparent='${two}'*/`, two],
  [`/*traceparent='${one}'*/ SELECT 1 /*controller='index'*/`, one],
  [`SELECT 1 /*traceparent='${one}',traceparent='00-zz'*/`, one],
])("%s", (text, found) => expect(of(text)).toBe(found));

test.each([
  ["SELECT 1"],
  [""],
  ["/*"],
  ["*/"],
  ["/*/"],
  [`SELECT 'traceparent=''${one}'''`],
  [`SELECT '/*traceparent=${one}*/'`],
  [`SELECT 1 /*traceparent='${one.toUpperCase()}'*/`],
  [`SELECT 1 /*traceparent='${one}1'*/`],
  [`SELECT 1 /*xtraceparent='${one}'*/`],
  ["SELECT 1 /*traceparent='ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/"],
  ["SELECT 1 /*traceparent='00-00000000000000000000000000000000-b7ad6b7169203331-01'*/"],
  ["SELECT 1 /*traceparent='00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01'*/"],
  [`SELECT 1 /*${" ".repeat(5000)}traceparent='${one}'*/`],
])("nothing in %s", (text) => expect(of(text)).toBe(null));

test("whatever the bytes are, what comes out has the exact form", () => {
  const part = fc.constantFrom(
    "/*",
    "*/",
    "traceparent",
    "=",
    "'",
    ":",
    one,
    two,
    " ",
    ";",
    "\n",
    "--",
    "secret",
    "\u00e9",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const found = of(parts.join(""));
      expect(found === null || found === one || found === two).toBe(true);
    }),
  );
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void traceparentOf(Buffer.from(bytes))));
});
