// Conditions in conditions are judged within a bound: a short text must not keep every session waiting.
import { openShapes, type Shapes } from "./shapes.ts";

let shapes: Shapes;
beforeAll(async () => {
  shapes = await openShapes("deep_conditions");
});
afterAll(() => shapes.stop());

const nested = (deep: number) =>
  Array.from({ length: deep }).reduce<string>((inner) => `(id = 1 OR email = 'a' AND ${inner})`, "id = 2");

test("what is nested too deeply to be looked at counts as what may fail", () => {
  const steers = (deep: number) =>
    shapes.understood(`select ${nested(deep)} from customers`).predicates.some(({ where }) => where === "condition");
  expect(steers(3)).toBe(false);
  expect(steers(150)).toBe(true);
});
