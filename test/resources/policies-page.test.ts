// docs/policies.md names every field that the reader knows, and its example and those of examples/ are accepted.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { METHOD_PARAMETERS } from "../../pkg/policy/method-parameters.ts";
import { loadPolicySet } from "../../pkg/resources/compile.ts";
import { formatProblem } from "../../pkg/resources/problem.ts";
import { EFFECTS } from "../../pkg/sql/facts.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/policies.md"), "utf8");

function problems(text: string, ...more: string[]): string[] {
  const files = [text, ...more].map((content, at) => ({ file: `${at}.yaml`, text: content }));
  return loadPolicySet(files, { maskKey: true, namespace: "default" }).problems.map(formatProblem);
}

const resource = (kind: string, spec: string) =>
  `apiVersion: weir.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: x, namespace: shop}\nspec: ${spec}\n`;

/** The reader lists the fields of a map when it is given something else. */
function fieldsAt(kind: string, spec: string): string[] {
  const told = problems(resource(kind, spec)).join("\n");
  return [...told.matchAll(/give it the fields ([A-Za-z0-9, ]+)/g)].flatMap((match) => match[1]!.split(", "));
}

test.each([
  ["GovernedDatabase", "[]", 8],
  ["GovernedDatabase", "{engine: PostgreSQL, host: x, tls: []}", 5],
  ["ClusterDataPolicy", "[]", 16],
  ["DataPolicy", "{subjects: [x]}", 9],
  ["DataPolicy", "{classify: [x]}", 3],
  ["DataPolicy", "{mask: [x]}", 3],
  ["DataPolicy", "{guard: [x]}", 7],
  ["DataPolicy", "{functions: []}", 1],
  ["DataPolicy", "{audit: []}", 2],
  ["DataPolicy", "{approval: []}", 4],
  ["DataPolicy", "{budgets: [x]}", 5],
  ["DataPolicy", "{onStale: []}", 2],
])("%s with spec %s: its fields are on the page", (kind, spec, least) => {
  const fields = fieldsAt(kind, spec);
  expect(fields.length).toBeGreaterThanOrEqual(least);
  expect(fields.filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
});

test("every effect, method and parameter is on the page", () => {
  const methods = Object.entries(METHOD_PARAMETERS);
  const words = methods.flatMap(([method, { parameters }]) => [method, ...Object.keys(parameters)]);
  expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
  expect(EFFECTS.filter((effect) => !new RegExp(`\\b${effect}\\b`).test(page))).toEqual([]);
});

test("the page's example is accepted", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)![1]!;
  expect(problems(example, resource("GovernedDatabase", "{engine: PostgreSQL, host: db}"))).toEqual([]);
});

test("the files to start from are accepted", () => {
  const folder = join(root, "examples/standalone/policies");
  const [first, ...more] = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  expect(problems(first!, ...more)).toEqual([]);
});
