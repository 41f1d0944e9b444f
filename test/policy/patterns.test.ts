// Column patterns and json paths: what a pattern names, and when another part of a document is surely another one.
import fc from "fast-check";
import { matchesName, parseColumnPattern } from "../../pkg/policy/column-pattern.ts";
import { functionKey } from "../../pkg/policy/function-key.ts";
import { isIndex, relatePaths } from "../../pkg/policy/json-path.ts";

test("a quoted name matches itself and nothing else, whatever it holds", () => {
  const name = fc.string({ minLength: 1 }).filter((text) => !text.includes("*"));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(name, name, name, name, (schema, table, column, other) => {
      const parsed = parseColumnPattern([schema, table, column].map(quoted).join("."));
      if (!parsed.ok) throw new Error(parsed.problem);
      expect([parsed.value.schema.name, parsed.value.table.name, parsed.value.column.name]).toEqual([
        schema,
        table,
        column,
      ]);
      expect(matchesName(parsed.value.column, other)).toBe(other === column);
    }),
  );
});

test("whatever the text, a pattern is read or its problem told", () => {
  const pieces = fc.constantFrom("a", ".", '"', "*", "#", "[*]", "[", "]", " ", '""', "0");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const parsed = parseColumnPattern(parts.join(""));
      if (parsed.ok) expect(parsed.value.path.some((step) => step === "" || isIndex(step))).toBe(false);
      else expect(parsed.problem).not.toBe("");
    }),
    { numRuns: 1000 },
  );
});

type Json = string | Json[] | { [key: string]: Json };
const keys = ["a", "b", "0"];
const { document } = fc.letrec<{ document: Json }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 4 },
    fc.constant<Json>("clear"),
    fc.array(tie("document"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...keys), tie("document"), { maxKeys: 3 }),
  ),
}));

/** Replaces what a classified path leads to, through every array on its way. */
function replaced(value: Json, path: readonly string[], by: string): Json {
  if (Array.isArray(value)) return value.map((each) => replaced(each, path, by));
  if (path.length === 0) return by;
  if (typeof value === "string" || !Object.hasOwn(value, path[0]!)) return value;
  return { ...value, [path[0]!]: replaced(value[path[0]!]!, path.slice(1), by) };
}

/** PostgreSQL's `#>`. */
function extracted(value: Json | undefined, path: readonly string[]): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined || value === undefined || typeof value === "string")
    return step === undefined ? value : undefined;
  if (Array.isArray(value)) return isIndex(step) ? extracted(value.at(Number(step)), rest) : undefined;
  return Object.hasOwn(value, step) ? extracted(value[step], rest) : undefined;
}

test("what a path leads to apart from a classified one never holds a protected value, and what is above holds it where told", () => {
  const classified = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 3 });
  const used = fc.array(fc.constantFrom("a", "b", "0", "-1", "1"), { maxLength: 4 });
  fc.assert(
    fc.property(document, classified, used, (plain, path, steps) => {
      const found = extracted(replaced(plain, path, "SECRET"), steps);
      const told = relatePaths(path, steps);
      if (found === undefined || told.relation === "at or below") return;
      const left = told.relation === "apart" ? found : replaced(found, told.rest, "masked");
      expect(JSON.stringify(left)).not.toContain("SECRET");
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ["public.f(bigint)", "public.f(int8)"],
  ["public.f( integer , character varying )", "public.f(int4,varchar)"],
  ["public.f(timestamp with time zone[])", "public.f(_timestamptz)"],
  ["public.f()", "public.f()"],
])("%s and %s are one function", (left, right) => {
  expect(functionKey(left)).toBe(functionKey(right));
});

test("functions of other types stay apart", () => {
  expect(functionKey("public.f(bigint)")).not.toBe(functionKey("public.f(bigint[])"));
  expect(functionKey("public.f(text)")).not.toBe(functionKey("public.f(varchar)"));
  expect(functionKey("public.f(public.int8)")).not.toBe(functionKey("public.f(int8)"));
});
