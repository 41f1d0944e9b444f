import { type Answer, difference } from "../../cmd/weir/demo/judge.ts";
import { scenes } from "../../cmd/weir/demo/script.ts";
import { orderCount, shopData } from "../../cmd/weir/demo/shop-data.ts";

const rows = (...cells: (string | null)[][]): Answer => ({
  kind: "rows",
  result: { columns: ["id", "email"], rows: cells },
});
const stored = rows(["1", "maya@example.com"], ["2", null]);
const masked = { outcome: "masked", columns: ["email"] } as const;
const refused = { outcome: "refused", sqlstate: "42501", rule: "bounded-writes", names: ["bounded-writes"] } as const;
const error = (sqlstate: string, message: string): Answer => ({
  kind: "error",
  error: { sqlstate, message, detail: "", hint: "" },
});

test.each([
  ["clear rows that are the same", { outcome: "clear" } as const, stored, null],
  [
    "clear rows of which a cell was changed",
    { outcome: "clear" } as const,
    rows(["1", "m***@example.com"], ["2", null]),
    "row 1: email was changed",
  ],
  ["masked rows", masked, rows(["1", "m***@example.com"], ["2", null]), null],
  ["a masked cell that came back as stored", masked, stored, "row 1: email came back as it is stored"],
  [
    "a stored value in another column",
    masked,
    rows(["maya@example.com", "m***"], ["2", null]),
    "row 1: id was changed",
  ],
  ["a changed cell that nobody masked", masked, rows(["9", "m***"], ["2", null]), "row 1: id was changed"],
  ["a missing row", masked, rows(["1", "m***"]), "1 rows came back instead of 2"],
  ["a refusal", refused, error("42501", "refused by shop/safe-writes bounded-writes"), null],
  ["a refusal by another rule", refused, error("42501", "permission denied"), "the error does not name bounded-writes"],
  ["an error of another kind", refused, error("42601", "syntax"), "failed with 42601 instead of 42501: syntax"],
  ["no refusal at all", refused, stored, "was not refused: 2 rows came back"],
])("%s", (_, expected, seen, problem) => {
  expect(difference(expected, seen, stored)).toBe(problem);
});

test("a document's protected part is looked for wherever it may show", () => {
  const expected = { outcome: "masked", columns: ["email"], secret: /X\d+/ } as const;
  const document = rows(["1", '{"no": "X123", "size": "S"}']);
  expect(difference(expected, rows(["1", '{"no": "***", "size": "S"}']), document)).toBeNull();
  expect(difference(expected, rows(["1", '{"no":"X123"}']), document)).toBe(
    "a protected part of a document came back as it is stored",
  );
  expect(difference(expected, rows(["1", "***"]), rows(["1", "{}"]))).toBe(
    "nothing protected was stored, so this proves nothing",
  );
});

test("the script counts what the shop holds", () => {
  expect(shopData.orders).toHaveLength(orderCount);
  expect(new Set(shopData.customers!.map((row) => row.email)).size).toBe(shopData.customers!.length);
  expect(scenes.map((scene) => scene.login)).toEqual(["dana", "ana", "robo"]);
});
