// A decision that is remembered is the one that would be made: over any sequence of sets, statements, principals and moments.
import fc from "fast-check";
import { decide } from "../../pkg/policy/decide.ts";
import { DecisionMemory } from "../../pkg/policy/decision-memory.ts";
import {
  ana,
  api,
  bookOf,
  copy,
  derived,
  facts,
  policies,
  policy,
  relation,
  request,
  robo,
  select,
  session,
  write,
} from "./shop.ts";

const masks = `
  classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: Partial}]
  audit: {onFailure: Deny}`;
const sets = [
  policies(policy("a", masks)),
  policies(policy("b", `${masks}\n  when: "now < timestamp('2026-11-20T12:00:10Z')"`)),
  policies(policy("c", `${masks}\n  when: "statement.kind == 'SELECT'"`)),
  policies(policy("d", "guard: [{name: no, effects: [Delete], action: Deny}]\nsubjects: [{kinds: [Agent]}]")),
];
const statements = [
  select(copy("customers.email")),
  select(derived("customers.email")),
  facts({ kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "customers")] }),
  facts({ relations: [relation("orders", "Read")], outputs: [] }),
];
const others = [session, { ...session, environment: "test" }];
const books = sets.map((set) => bookOf(set));
const pick = <T>(values: readonly T[]) => fc.constantFrom(...values);

const asks = fc.record({
  set: fc.nat({ max: sets.length - 1 }),
  facts: pick(statements),
  principal: pick([ana, robo, api]),
  session: pick(others),
  nowMs: pick([0, 5_000, 9_999, 10_000, 20_000]).map((ms) => Date.parse("2026-11-20T12:00:00Z") + ms),
  known: fc.boolean(),
  alone: fc.boolean(),
  auditWritable: fc.boolean(),
});

test("over any sequence of questions", () => {
  fc.assert(
    fc.property(fc.array(asks, { minLength: 1, maxLength: 40 }), (sequence) => {
      const memory = new DecisionMemory();
      for (const { set, known, ...rest } of sequence) {
        const asked = request(sets[set]!, { ...rest, book: known ? books[set]! : null });
        expect(memory.decide(asked)).toEqual(decide(asked));
      }
    }),
  );
});

test("the same question again is answered by the same object", () => {
  const memory = new DecisionMemory();
  const asked = request(sets[0]!, { book: books[0]!, facts: statements[0]! });
  expect(memory.decide({ ...asked, nowMs: asked.nowMs + 1 })).toBe(memory.decide(asked));
});
