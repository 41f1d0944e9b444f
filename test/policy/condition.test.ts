// Conditions in CEL: checked when policies load, bounded when they run, unknown where they cannot be evaluated.
import fc from "fast-check";
import { type ConditionInput, compileCondition } from "../../pkg/policy/condition.ts";
import { principalInput, sessionInput, statementInput } from "../../pkg/policy/condition-input.ts";
import { ana, api, facts, orders, relation, session } from "./shop.ts";

const input: ConditionInput = {
  principal: principalInput(ana),
  session: sessionInput(session, orders),
  statement: statementInput(
    facts({ kind: "UPDATE", effects: ["Update"], relations: [relation("customers", "Update")] }),
  ),
  nowMs: Date.parse("2026-11-20T12:30:00Z"),
};

function answer(text: string, given: ConditionInput = input): string {
  const compiled = compileCondition(text);
  return compiled.ok ? compiled.condition.evaluate(given) : compiled.problem;
}

test.each([
  ["session.environment == 'production' && session.namespace == 'shop' && session.database == 'orders'", "yes"],
  ["session.clientAddress.startsWith('10.')", "yes"],
  ["principal.kind == 'Human' && 'analysts' in principal.groups", "yes"],
  ["principal.groups.exists(g, g.matches('^ana'))", "yes"],
  ["principal.serviceAccount == ''", "yes"],
  ["principal.actingFor.name == ''", "yes"],
  ["statement.kind == 'UPDATE' && 'public.customers' in statement.relations", "yes"],
  ["'Delete' in statement.effects", "no"],
  ["now.getHours() == 12 && now > timestamp('2026-01-01T00:00:00Z')", "yes"],
  ["now.getDayOfWeek('Europe/Berlin') == 5", "yes"],
  ["principal.groups[7] == 'x'", "unknown"],
  ["false && principal.groups[7] == 'x'", "no"],
  ["'(a+)+$'.matches('(') || true", "yes"],
])("%s is %s", (text, expected) => {
  expect(answer(text)).toBe(expected);
});

test("of a statement that is not understood only that is known", () => {
  const given = { ...input, statement: statementInput({ understood: false, why: "x", syntax: false }) };
  expect(answer("!statement.understood", given)).toBe("yes");
  expect(answer("statement.kind == 'SELECT'", given)).toBe("unknown");
});

test("without a statement and a time, what asks for them is unknown", () => {
  const { principal, session: where } = input;
  expect(answer("statement.kind == 'SELECT'", { principal, session: where })).toBe("unknown");
  expect(answer("now.getHours() < 9", { principal, session: where })).toBe("unknown");
});

test("only what asks for the statement or the time varies from statement to statement", () => {
  const varies = (text: string) => {
    const compiled = compileCondition(text);
    return compiled.ok && compiled.condition.varies;
  };
  expect(["session.cluster == 'a'", "statement.kind == 'A'", "now.getHours() < 9"].map(varies)).toEqual([
    false,
    true,
    true,
  ]);
});

test.each([
  ["x".repeat(2001), /longer than 2000 characters/],
  [`${"1 + ".repeat(450)}1 == 1`, /too many parts/],
  ["principal.groups.all(a, principal.groups.all(b, principal.groups.all(c, true)))", /nests loops too deeply/],
  ["principal.constructor == ''", /uses "principal.constructor", which does not exist/],
  ["constructor == ''", /uses "constructor", which does not exist/],
  ["principal.actingFor.actingFor.nam == ''", /uses "principal.nam", which does not exist/],
])("a condition is refused when it is too large or asks for what is not there: %.40s", (text, problem) => {
  expect(answer(text)).toMatch(problem);
});

test("a principal with more groups than are looked through is unknown", () => {
  const groups = Array.from({ length: 257 }, (_, i) => `g${i}`);
  expect(answer("'g1' in principal.groups", { ...input, principal: principalInput({ ...api, groups }) })).toBe(
    "unknown",
  );
});

test("whatever the text, compiling and evaluating never throws", () => {
  const pieces = fc.constantFrom(
    "principal",
    ".groups",
    ".all(x, ",
    "now",
    " == ",
    "'a'",
    "(",
    ")",
    "[",
    "]",
    "statement",
    ".kind",
    "&&",
    "!",
    "1",
    "null",
    ".matches(",
    "duration('1h')",
    "+",
    "{",
    "}",
    ":",
    "?",
    "has(",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
      ),
      (text) => {
        expect(typeof answer(text)).toBe("string");
      },
    ),
    { numRuns: 1000 },
  );
});
