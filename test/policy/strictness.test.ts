// Joining methods: no order matters, and one more method never hides less.
import fc from "fast-check";
import { type MaskMethod, METHODS } from "../../pkg/policy/decision.ts";
import { rankOf, strictest } from "../../pkg/policy/strictness.ts";

const method: fc.Arbitrary<MaskMethod> = fc.record({
  method: fc.constantFrom(...METHODS),
  parameters: fc.constantFrom({}, { a: 1 }, { a: 2 }),
  class: fc.constantFrom("A", "B"),
  keyName: fc.constant("A"),
  rule: fc.record({ policy: fc.constantFrom("p", "q"), rule: fc.constant("mask") }),
});

test("the join is the same in any order and never looser than any of its parts or any part of them", () => {
  fc.assert(
    fc.property(fc.array(method, { minLength: 1, maxLength: 5 }), method, (some, more) => {
      const joined = strictest(some);
      expect(strictest([...some].reverse())).toEqual(joined);
      for (const each of some) expect(rankOf(joined.method)).toBeGreaterThanOrEqual(rankOf(each.method));
      expect(rankOf(strictest([...some, more]).method)).toBeGreaterThanOrEqual(rankOf(joined.method));
    }),
    { numRuns: 2000 },
  );
});

test("the order of strictness is that of the design", () => {
  const order = ["Null", "Default", "Redact", "Token", "Encrypt", "Fake", "Bucket", "Partial"] as const;
  const ranks = order.map(rankOf);
  expect([...ranks].sort((left, right) => right - left)).toEqual(ranks);
  expect(new Set(ranks).size).toBe(order.length);
});
