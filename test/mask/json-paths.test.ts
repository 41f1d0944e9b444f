// Paths of a json document: what they lead to is masked, every other byte stays.
import fc from "fast-check";
import { OID } from "../../pkg/mask/type-oids.ts";
import type { ColumnMask, MaskMethod } from "../../pkg/policy/decision.ts";
import { maskCell, maskText } from "./cells.ts";
import { masked, methodOf } from "./masks.ts";

function paths(...list: readonly (readonly [string, MaskMethod])[]): ColumnMask {
  return { apply: "paths", paths: list.map(([path, mask]) => ({ path: path === "" ? [] : path.split("."), mask })) };
}

const partial = methodOf("Partial");

test.each([
  ["a member", '{"a": 1, "mail" : "ana@b.cd" ,"c":[ ]}', "mail", '{"a": 1, "mail" : "a***@b.cd" ,"c":[ ]}'],
  ["a nested member", '{"kyc":{"no":"X1234567","ok":true}}', "kyc.no", '{"kyc":{"no":"X***","ok":true}}'],
  ["elements of an array", '{"mails":["ana@b.cd","bo@c.de"]}', "mails", '{"mails":["a***@b.cd","b***@c.de"]}'],
  [
    "members within arrays",
    '[{"m":"ana@b.cd"},[{"m":"bo@c.de","n":"x"}]]',
    "m",
    '[{"m":"a***@b.cd"},[{"m":"b***@c.de","n":"x"}]]',
  ],
  ["one element by its index", '{"l":["secret one","open"]}', "l.0", '{"l":["s***","open"]}'],
  ["every element by *", '{"l":[{"m":"abc"}]}', "l.*.m", '{"l":[{"m":"a***"}]}'],
  ["numbers, booleans and null", '{"v":[12, true, false, null, -1.5e3]}', "v", '{"v":[0, false, false, null, 0]}'],
  ["a whole object", '{"v":{"name":"Ana"},"w":1}', "v", '{"v":{},"w":1}'],
  ["the whole document", '"ana@b.cd"', "", '"a***@b.cd"'],
  ["escapes in keys and values", '{"m\\u0061il":"\\u0061na@b.cd\\n"}', "mail", '{"m\\u0061il":"a***"}'],
  ["a key that appears twice", '{"m":"abc","m":"def"}', "m", '{"m":"a***","m":"d***"}'],
  ["nothing", '{"x" : [1,2 , {"y":"z"}]} ', "m.n", '{"x" : [1,2 , {"y":"z"}]} '],
  ["an empty key", '{"":"abc"}', "", "{}"],
  ["a document that is not well formed", '{"m":"abc"', "m", "{}"],
  ["a document with a wrong number", '{"m":"abc","n":01}', "m", "{}"],
  ["a document with something after it", '{"m":"abc"} x', "m", "{}"],
])("%s: %s", (_name, document, path, expected) => {
  expect(maskText(paths([path, partial]), OID.json, document)).toBe(expected);
});

test("a document nested too deeply is replaced whole", () => {
  const deep = `${"[".repeat(5000)}"ana@b.cd"${"]".repeat(5000)}`;
  expect(maskText(paths(["m", partial]), OID.json, deep)).toBe("{}");
  const shallow = `${"[".repeat(400)}1${"]".repeat(400)}`;
  expect(maskText(paths(["m", partial]), OID.json, shallow)).toBe(shallow);
});

test("each path has its own method", () => {
  const mask = paths(
    ["a", methodOf("Null")],
    ["b", methodOf("Round", { to: 10 })],
    ["c", methodOf("Redact")],
    ["d.e", methodOf("Default")],
  );
  expect(maskText(mask, OID.jsonb, '{"a": 1, "b": 17, "c": "x", "d": {"e": "y"}}')).toBe(
    '{"a": null, "b": 20, "c": "[redacted]", "d": {"e": "***"}}',
  );
});

test("a token in a document is the token of the column", () => {
  const token = maskText(masked("Token"), OID.text, "ana@b.cd");
  expect(maskText(paths(["m", methodOf("Token")]), OID.jsonb, '{"m": "ana@b.cd"}')).toBe(`{"m": "${token}"}`);
  const id = maskText(masked("Token"), OID.int8, "4711");
  expect(maskText(paths(["m", methodOf("Token")]), OID.jsonb, '{"m": 4711}')).toBe(`{"m": ${id}}`);
});

test("binary jsonb keeps its version byte, another version is replaced whole", () => {
  const value = (version: number) => Buffer.concat([Buffer.from([version]), Buffer.from('{"m": "abc"}')]);
  const mask = paths(["m", partial]);
  expect(maskCell(mask, OID.jsonb, value(1), { format: 1 })!.toString()).toBe('\u0001{"m": "a***"}');
  expect(maskCell(mask, OID.jsonb, value(2), { format: 1 })!.toString()).toBe("\u0001{}");
});

test("a text that holds a document is walked, another text becomes Default", () => {
  expect(maskText(paths(["m", partial]), OID.text, '{"m":"abc"}')).toBe('{"m":"a***"}');
  expect(maskText(paths(["m", partial]), OID.text, "plain text")).toBe("***");
  expect(maskText(paths(["m", partial]), OID.int4, "5")).toBe("0");
});

/** What masking means, on the parsed document. */
function redacted(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((element) => redacted(element, path));
  if (path.length === 0) {
    if (typeof value === "object") return value === null ? null : {};
    return typeof value === "string" ? "[redacted]" : typeof value === "number" ? 0 : false;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === path[0] ? redacted(inner, path.slice(1)) : inner]),
  );
}

test("any document comes out as if it had been parsed, masked and printed", () => {
  const key = fc.constantFrom("a", "b", "ä\n", "c d");
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: "grapheme" }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("document")),
      fc.dictionary(key, tie("document")),
    ),
  }));
  fc.assert(
    fc.property(document, fc.array(key, { maxLength: 3 }), fc.constantFrom(undefined, 2), (value, path, indent) => {
      const mask: ColumnMask = { apply: "paths", paths: [{ path, mask: methodOf("Redact") }] };
      const text = JSON.stringify(value, null, indent);
      const out = maskText(mask, OID.json, text)!;
      expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(redacted(JSON.parse(text), path))));
    }),
    { numRuns: 500 },
  );
});
