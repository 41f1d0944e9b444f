import fc from "fast-check";
import { CatalogError } from "../../pkg/catalog/catalog-error.ts";
import { Fields } from "../../pkg/catalog/fields.ts";
import { buildSnapshot, nextVersion } from "../../pkg/catalog/load.ts";
import { probeOf } from "../../pkg/catalog/probe-query.ts";
import { resolutionOf } from "../../pkg/catalog/resolution.ts";

/** As the server does it: encode(convert_to(json, 'UTF8'), 'escape'). */
function escaped(json: string): string {
  return [...Buffer.from(json)]
    .map((byte) =>
      byte === 0x5c
        ? "\\\\"
        : byte > 127 || byte === 0
          ? `\\${byte.toString(8).padStart(3, "0")}`
          : String.fromCharCode(byte),
    )
    .join("");
}

test("any text comes back out of its escaped row", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.array(fc.string({ unit: "grapheme" })), (text, list) => {
      const fields = Fields.of("q", 0, [escaped(JSON.stringify([text, list]))], 2);
      expect([fields.text(0), fields.texts(1)]).toEqual([text, list]);
    }),
  );
});

test("whatever a row holds, it is read with its types or refused with a CatalogError that tells query and row and no value", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.constant(null)), (cell) => {
      try {
        resolutionOf([cell]);
      } catch (error) {
        expect(error).toBeInstanceOf(CatalogError);
        expect((error as Error).message).toMatch(/^catalogue query resolution, row 0: /);
      }
    }),
  );
});

test.each<[string, () => unknown]>([
  ["too few answers", () => buildSnapshot([[]], 18, "d", nextVersion(), "[]")],
  [
    "no functions at all",
    () => buildSnapshot([[['[["public"], true]']], ...Array(11).fill([])], 18, "d", nextVersion(), "[]"),
  ],
  ["an empty path", () => buildSnapshot(Array(12).fill([]), 18, "d", nextVersion(), "[]")],
  [
    "a relation with too few values",
    () =>
      buildSnapshot([[['[["public"], true]']], [], [["[1, 2]"]], ...Array(9).fill([])], 18, "d", nextVersion(), "[]"),
  ],
  ["a probe with a missing text", () => probeOf([["a", null]])],
  [
    "a probe of two rows",
    () =>
      probeOf([
        ["a", "b"],
        ["a", "b"],
      ]),
  ],
])("%s: a CatalogError, and no snapshot", (_, act) => {
  expect(act).toThrow(CatalogError);
});
