// Resources: every problem of every file is listed with its place and what to do about it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { fromObjects, parseResources } from "../../pkg/resources/parse-resources.ts";
import { formatProblem } from "../../pkg/resources/problem.ts";

const fixtures = join(import.meta.dirname, "fixtures");

function problemsOf(text: string): readonly string[] {
  return parseResources([{ file: "a.yaml", text }]).problems.map(formatProblem);
}

/** A valid DataPolicy of namespace shop with these lines as its spec. */
function policy(...spec: readonly string[]): string {
  return [
    "apiVersion: weir.dev/v1alpha1",
    "kind: DataPolicy",
    "metadata: {name: p, namespace: shop}",
    "spec:",
    ...spec.map((line) => `  ${line}`),
  ].join("\n");
}

test("the example policies have no problems", () => {
  const files = readdirSync(fixtures).map((file) => ({ file, text: readFileSync(join(fixtures, file), "utf8") }));
  const { resources, problems } = parseResources(files);
  expect(problems).toEqual([]);
  expect(resources.map((each) => (each.kind === "GovernedDatabase" ? each.database.name : each.name)).sort()).toEqual([
    "orders",
    "production-baseline",
    "rehearse-phones",
    "shop/agents",
    "shop/customer-privacy",
    "shop/safe-writes",
  ]);
});

test("the whole spec of the design is typed", () => {
  const files = readdirSync(fixtures).map((file) => ({ file, text: readFileSync(join(fixtures, file), "utf8") }));
  const found = parseResources(files).resources.find(
    (each) => each.kind === "DataPolicy" && each.name === "shop/customer-privacy",
  );
  expect(found).toMatchObject({
    namespace: "shop",
    spec: {
      databases: ["orders"],
      mode: "Enforce",
      subjects: [{ kinds: ["Agent", "Human"], notGroups: ["privacy-office"] }],
      when: "!session.environment.startsWith('test')",
      mask: [
        { classes: ["PII.EMAIL"], method: "Partial", parameters: { kind: "Email", keepFirst: 1 } },
        { classes: ["PII.*", "PHI"], method: "Token", parameters: { as: "Text", digits: 16 } },
      ],
      functions: { safe: ["public.full_name(bigint)"] },
      predicates: "AllowEquality",
      approval: { groups: ["data-owners"], count: 1, validForSeconds: 900, waitUpToSeconds: 60 },
      audit: { onFailure: "Deny", durability: "Process" },
      onStale: { afterSeconds: 3600, action: "Continue" },
    },
  });
});

test("every problem of every file is listed, in order, with line and column", () => {
  const a = policy(
    "databses: [orders]",
    "mode: Enforced",
    "subjects: [{kinds: [Agnet]}, {}]",
    "when: \"!session.enviroment.startsWith('test')\"",
    'classify: [{columns: ["public.customers"], class: PII.EMAIL}]',
    'mask: [{classes: ["PII.EMAIL"], method: Token, parameters: {as: Emial}}, {classes: [x], method: Parial}]',
    "guard: [{name: a, effects: [Dorp], action: Deny}]",
    "budgets: [{per: Principal, window: 1h, rows: 5, action: Deny}]",
    "detect: [Email]",
  );
  const { problems } = parseResources([
    { file: "b.yaml", text: "kind: Foo" },
    { file: "a.yaml", text: a },
  ]);
  expect(problems.map(formatProblem)).toEqual([
    'a.yaml:5:3: spec.databses: there is no such field; did you mean "databases"?',
    'a.yaml:6:9: spec.mode: "Enforced" is not possible here; did you mean "Enforce"?',
    'a.yaml:7:23: spec.subjects[0].kinds[0]: "Agnet" is not possible here; did you mean "Agent"?',
    'a.yaml:7:32: spec.subjects[1]: a subject needs a field; name kinds, groups or the like; leave "subjects" out for everyone',
    'a.yaml:8:9: spec.when: uses "session.enviroment", which does not exist; did you mean "environment"?',
    'a.yaml:9:25: spec.classify[0].columns[0]: "public.customers" must be schema.table.column; write schema.table.column, with * for any name, "quotes" around unusual names and #a.b[*].c for a path inside json',
    "a.yaml:10:67: spec.mask[0].parameters.as: must be one of Text, Email, Digits, Uuid, Integer; it is how the token of a text looks; integer, numeric and uuid columns keep their type",
    'a.yaml:10:99: spec.mask[1].method: "Parial" is not possible here; did you mean "Partial"?',
    'a.yaml:11:31: spec.guard[0].effects[0]: "Dorp" is not possible here; did you mean "Drop"?',
    "a.yaml:12:12: spec.budgets: is not supported by this version; remove it; a guard with rowsOver limits single statements",
    "a.yaml:13:11: spec.detect: is not supported by this version; remove it and classify the columns",
    "b.yaml:1:1: apiVersion: is missing; write apiVersion: weir.dev/v1alpha1",
    "b.yaml:1:7: kind: is not known; use one of GovernedDatabase, DataPolicy, ClusterDataPolicy",
  ]);
});

test.each([
  ["a quote that is not closed", `classify: [{columns: ['public."a.b'], class: X}]`, /a quote that is not closed/],
  [
    "a space in a name",
    'classify: [{columns: ["public.my table.a"], class: X}]',
    /a space or a quote in an unquoted part/,
  ],
  ["an index in a path", 'classify: [{columns: ["a.b.c#d[0].e"], class: X}]', /\[\*\] stands for every element/],
  ["a star in a path", 'classify: [{columns: ["a.b.c#d.*"], class: X}]', /name the key, or stop the path above it/],
  ["a key that may be an index", 'classify: [{columns: ["a.b.c#d.0"], class: X}]', /cannot be told from an index/],
  ["a path on a table", 'classify: [{tables: ["a.b#c"], class: X}]', /must be schema.table/],
  ["nothing classified", "classify: [{class: X}]", /names nothing to classify/],
  ["a class with a space", 'classify: [{tables: ["a.b"], class: "my class"}]', /use words joined by dots/],
  ["CEL that does not parse", 'when: "session.environment =="', /is not a CEL expression/],
  ["CEL with an unknown function", 'when: "foo(session.cluster)"', /unbound function: foo/],
  ["CEL that gives a text", 'when: "session.environment"', /something other than true or false/],
  ["CEL over an unknown name", 'when: "request.time > now"', /uses "request", which does not exist/],
  [
    "CEL that nests loops too deeply",
    'when: "principal.groups.all(a, principal.groups.all(b, principal.groups.all(c, a == c)))"',
    /nests loops too deeply/,
  ],
  [
    "a filter on a read",
    "guard: [{name: a, effects: [Read], filter: Missing, action: Deny}]",
    /filter does not apply to Read/,
  ],
  [
    "rows of a DROP",
    "guard: [{name: a, effects: [Drop], rowsOver: 5, action: Deny}]",
    /rowsOver does not apply to Drop/,
  ],
  [
    "a warning about counted rows",
    "guard: [{name: a, effects: [Read], rowsOver: 5, action: Warn}]",
    /not supported by this version/,
  ],
  [
    "a share above the whole",
    'guard: [{name: a, effects: [Read], rowsOver: "110%", action: Deny}]',
    /write 1000 or "10%"/,
  ],
  ["a guard named as a rule of Weir", "guard: [{name: mask, effects: [Read], action: Deny}]", /choose another name/],
  [
    "two guards of one name",
    "guard: [{name: a, effects: [Drop], action: Deny}, {name: a, effects: [Grant], action: Deny}]",
    /there is a guard "a" in this policy already/,
  ],
  ["a database that is not there", "databases: [order]", /there is no GovernedDatabase "order" in namespace shop/],
  [
    "parameters of a method without any",
    "mask: [{classes: [X], method: Null, parameters: {a: 1}}]",
    /method Null takes no parameters/,
  ],
  [
    "an unknown parameter",
    "mask: [{classes: [X], method: Partial, parameters: {keepFrist: 1}}]",
    /did you mean "keepFirst"/,
  ],
  ["a parameter that must be given", "mask: [{classes: [X], method: ShiftDate}]", /parameters.subject: is missing/],
  ["a duration without unit", "onStale: {after: 60, action: Deny}", /write it like 60s, 15m, 1h or 7d/],
  ["a ServiceAccount without namespace", "subjects: [{serviceAccounts: [api]}]", /write namespace\/name/],
  ["a function without schema", 'functions: {safe: ["f(int)"]}', /write schema.name\(argument types\)/],
])("refuses %s", (_, line, message) => {
  expect(problemsOf(policy(line))).toEqual([expect.stringMatching(message)]);
});

test("a share of rows in a guard of reads only is warned of", () => {
  expect(problemsOf(policy('guard: [{name: a, effects: [Read], rowsOver: "10%", action: Deny}]'))).toEqual([
    expect.stringMatching(/warning: spec.guard\[0\]: a share of what is read is not known/),
  ]);
});

test("syntax errors, duplicate keys and unquoted stars are told with their place", () => {
  expect(problemsOf("a: [1\n")).toEqual([
    expect.stringMatching(/^a\.yaml:\d+:\d+: .*; correct the YAML at this place$/),
  ]);
  expect(problemsOf(`${policy("mode: Enforce")}\n  mode: Observe`)).toEqual([
    expect.stringMatching(/^a\.yaml:6:3: .*; keep one of the two$/),
  ]);
  expect(problemsOf(policy("classify: [{columns: [*.a.b], class: X}]"))[0]).toMatch(
    /put a text that begins with "\*" in quotes/,
  );
});

test("a name that is used twice names the first place, and one bad document does not hide the other", () => {
  const text = [policy("mode: Observe"), policy("mode: Observe")].join("\n---\n");
  expect(problemsOf(text)).toEqual([
    "a.yaml:9:18: metadata.name: DataPolicy shop/p is there already, at a.yaml:1; rename or remove one of them",
  ]);
  expect(
    parseResources([{ file: "a.yaml", text: `${policy("mode: Observe")}\n---\nkind: Foo` }]).resources,
  ).toHaveLength(1);
});

test("a mask of a class that nobody gives is a warning", () => {
  const text = policy(
    'classify: [{columns: ["a.b.c"], class: PII.EMAIL}]',
    'mask: [{classes: ["PII.EMIAL"], method: Null}, {classes: ["PCI.*"], method: Null}]',
  );
  expect(problemsOf(text)).toEqual([
    'a.yaml:6:21: warning: spec.mask[0].classes[0]: no policy gives class "PII.EMIAL" to a column; did you mean "PII.EMAIL"?',
    'a.yaml:6:61: warning: spec.mask[1].classes[0]: no policy gives class "PCI.*" to a column; classify columns, or remove it',
  ]);
});

test("a resource that names no namespace is in the configured one, a ClusterDataPolicy in none", () => {
  const text = policy("mode: Observe").replace(", namespace: shop", "");
  expect(parseResources([{ file: "a.yaml", text }], { namespace: "team" }).resources).toMatchObject([
    { name: "team/p" },
  ]);
  const cluster = policy("mode: Observe").replace("DataPolicy", "ClusterDataPolicy");
  expect(problemsOf(cluster)).toEqual([
    "a.yaml:3:21: metadata.namespace: a ClusterDataPolicy has no namespace; remove it, or use a DataPolicy",
  ]);
});

test("objects of the API server are read alike, with status and metadata let through", () => {
  const object = {
    apiVersion: "weir.dev/v1alpha1",
    kind: "DataPolicy",
    metadata: { name: "p", namespace: "shop", uid: "1", resourceVersion: "7", managedFields: [{}] },
    spec: { mode: "Enforced" },
    status: { conditions: [] },
  };
  const { problems } = fromObjects([object]);
  expect(problems.map(formatProblem)).toEqual([
    'DataPolicy shop/p: spec.mode: "Enforced" is not possible here; did you mean "Enforce"?',
  ]);
});

test("a few aliases cannot expand to an endless document", () => {
  const levels = Array.from({ length: 30 }, (_, i) => `x${i + 1}: &x${i + 1} [*x${i}, *x${i}, *x${i}]`);
  expect(problemsOf(["x0: &x0 [1]", ...levels].join("\n"))).toEqual([
    expect.stringMatching(/too many or too deeply nested parts/),
  ]);
});

test("whatever the text, reading it ends in resources or problems and never throws", () => {
  const pieces = fc.constantFrom(
    "spec:",
    "kind: DataPolicy",
    "metadata: {name: a}",
    "- ",
    "  ",
    "{",
    "}",
    "[",
    "*a",
    "&a",
    "\n",
    ": ",
    "mask:",
    "null",
    '"',
    "'",
    "|",
    "!!map",
    "---\n",
    "#",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
      ),
      (text) => {
        for (const problem of parseResources([{ file: "f", text }]).problems) expect(problem.remedy).not.toBe("");
      },
    ),
    { numRuns: 500 },
  );
});

test("whatever the object, reading it ends in resources or problems and never throws", () => {
  const spec = fc.dictionary(
    fc.constantFrom("mask", "classify", "guard", "subjects", "when", "databases", "exempt", "audit", "mode"),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), spec), (value) => {
      fromObjects([
        value,
        { apiVersion: "weir.dev/v1alpha1", kind: "DataPolicy", metadata: { name: "a" }, spec: value },
      ]);
    }),
    { numRuns: 500 },
  );
});
