// Masks: which values leave changed, by where they come from, for whom.
import { buildClassBook } from "../../pkg/policy/class-book.ts";
import {
  allowed,
  ana,
  api,
  bookOf,
  clean,
  clusterPolicy,
  column,
  copy,
  derived,
  facts,
  masksOf,
  orders,
  policies,
  policy,
  refused,
  relations,
  robo,
  select,
  session,
  unknown,
} from "./shop.ts";

const privacy = policy(
  "privacy",
  `
subjects:
  - {kinds: [Agent, Human], notGroups: [privacy-office]}
classify:
  - {columns: ["public.customers.email"], class: PII.EMAIL}
  - {columns: ["public.*.ssn"], class: PII.SSN}
  - {columns: ["public.customers.profile#kyc.passport_no"], class: PII.ID}
  - {columns: ["public.customers.profile#docs[*].number"], class: PII.DOC}
mask:
  - {classes: ["PII.EMAIL"], method: Partial}
  - {classes: ["PII.*"], method: Token}
`,
);
const set = policies(privacy);

test("a copy is masked by its class's method, what is derived or unknown whole, what is clean not at all", () => {
  const { masks, witness, scrub } = allowed(set, {
    facts: select(
      copy("customers.email"),
      copy("customers.ssn"),
      copy("customers.name"),
      derived("customers.email", "customers.id"),
      derived("customers.id"),
      unknown,
      clean,
    ),
  });
  expect(masks.columns).toEqual([
    {
      apply: "method",
      mask: expect.objectContaining({
        method: "Partial",
        class: "PII.EMAIL",
        keyName: "PII.EMAIL",
        rule: { policy: "shop/privacy", rule: "mask" },
      }),
    },
    { apply: "method", mask: expect.objectContaining({ method: "Token", class: "PII.SSN" }) },
    null,
    { apply: "default", class: "PII.EMAIL", rule: { policy: "shop/privacy", rule: "mask" } },
    null,
    { apply: "default", class: "unknown", rule: { policy: "shop/privacy", rule: "not-understood" } },
    null,
  ]);
  expect({ witness, scrub }).toEqual({ witness: true, scrub: true });
});

test("nothing protected, nothing masked: no plan; errors are scrubbed, for the table holds a class, and the second witness is asked", () => {
  const decision = allowed(set, { facts: select(copy("customers.name"), clean) });
  expect(decision).toMatchObject({
    masks: { columns: null },
    scrub: true,
    witness: true,
    rowLimit: null,
    matched: [],
    observed: [],
    warnings: [],
  });
});

test.each([
  ["the whole document", [], undefined, "docs.number=Token kyc.passport_no=Token"],
  ["a document around the path", ["kyc"], "json", "passport_no=Token"],
  ["the path itself", ["kyc", "passport_no"], "text", "Token"],
  ["below the path", ["kyc", "passport_no", "series"], "json", "Token"],
  ["another part", ["kyc", "country"], "text", null],
  ["another part of the top", ["plan"], "json", null],
  ["a document around the path as text", ["kyc"], "text", "default"],
  ["an array around the path", ["docs"], "json", "number=Token"],
  ["an element of the array", ["docs", "0"], "json", "number=Token"],
  ["the path in an element", ["docs", "-1", "number"], "text", "Token"],
  ["another part of an element", ["docs", "+01", "issuer"], "text", null],
] as const)("a json path: %s", (_, path, as, mask) => {
  const lineage = path.length === 0 ? copy("customers.profile") : copy("customers.profile", path, as);
  expect(masksOf(allowed(set, { facts: select(lineage, clean) }))).toEqual(mask === null ? null : [mask, null]);
});

test("what is computed from a clean part of a document is clean, from a protected one it is masked", () => {
  const profile = column("customers.profile");
  const of = (path: readonly string[]) =>
    masksOf(allowed(set, { facts: select({ kind: "derived", columns: [{ ...profile, path }] }, clean) }));
  expect(of(["plan"])).toBeNull();
  expect(of(["kyc"])).toEqual(["default", null]);
});

test("a class on a view's own column counts for values that came through the view", () => {
  const view = { oid: 20_009, schema: "public", name: "mail", parents: [], columns: [{ attnum: 1, name: "address" }] };
  const viewSet = policies(
    policy(
      "v",
      `{classify: [{columns: ["public.mail.address"], class: PII.EMAIL}], mask: [{classes: [PII.EMAIL], method: Redact}]}`,
    ),
  );
  const via = [{ relation: 20_009, attnum: 1, schema: "public", table: "mail", column: "address" }];
  const book = { ...bookOf(viewSet) };
  expect(book.unmatched).toEqual([{ policy: "shop/v", pattern: "public.mail.address" }]);
  const withView = bookOfViews(viewSet, view);
  expect(
    masksOf(
      allowed(viewSet, { book: withView, facts: select({ kind: "copy", column: column("customers.name"), via }) }),
    ),
  ).toEqual(["Redact"]);
  expect(masksOf(allowed(viewSet, { book: withView, facts: select({ kind: "derived", columns: via }) }))).toEqual([
    "default",
  ]);
});

test("the same rows are clear for a service and for the privacy office", () => {
  for (const principal of [api, { ...ana, groups: ["privacy-office"] }]) {
    const decision = allowed(set, { principal, facts: select(copy("customers.email"), unknown) });
    expect(decision).toMatchObject({ masks: { columns: null }, witness: false, scrub: false });
  }
});

test("a statement that is not understood is refused under a mask and passes without rules", () => {
  const notUnderstood = { understood: false, why: "XMLTABLE is not followed", syntax: false } as const;
  expect(refused(set, { principal: robo, facts: notUnderstood }).refusal).toEqual({
    rule: { policy: "shop/privacy", rule: "not-understood" },
    sqlstate: "42501",
    message: "what this statement does is not understood, so it is not run while columns are masked for you",
    detail:
      "Policy shop/privacy masks data for you on this database, and the statement was not understood: XMLTABLE is not followed.",
    hint: "Write the statement in a plainer form, or ask the owners of the policy.",
  });
  expect(allowed(set, { principal: api, facts: notUnderstood }).verdict).toBe("allow");
});

test("without a catalogue every stored column may be protected, and what reads none passes", () => {
  expect(masksOf(allowed(set, { book: null, facts: select(copy("customers.name"), clean) }))).toEqual([
    "default",
    null,
  ]);
  expect(
    allowed(set, { book: null, facts: facts({ kind: "BEGIN", effects: ["Transaction"] }) }).masks.columns,
  ).toBeNull();
});

test("a relation that is newer than the catalogue may hold anything, a temp table only what was clean", () => {
  const fresh = { relation: 29_999, attnum: 1, schema: "public", table: "fresh", column: "a" };
  const use = { oid: 29_999, schema: "public", name: "fresh", kind: "table", access: ["Read"] } as const;
  const of = (temporary: boolean) =>
    masksOf(
      allowed(set, {
        facts: facts({
          relations: [{ ...use, temporary }],
          outputs: [{ name: "a", lineage: { kind: "copy", column: fresh }, origin: null }],
        }),
      }),
    );
  expect(of(false)).toEqual(["default"]);
  expect(of(true)).toBeNull();
});

test("the stricter method of all policies decides, whatever their order; what cannot be compared gives Default", () => {
  const mask = (name: string, method: string) =>
    policy(
      name,
      `{classify: [{columns: ["public.customers.phone"], class: PII.PHONE}], mask: [{classes: ["PII.PHONE"], ${method}}]}`,
    );
  const of = (...documents: readonly string[]) =>
    masksOf(allowed(policies(...documents), { facts: select(copy("customers.phone")) }));
  expect(of(mask("a", "method: Partial"), mask("b", "method: Redact"))).toEqual(["Redact"]);
  expect(of(mask("a", "method: Redact"), mask("b", "method: Partial"))).toEqual(["Redact"]);
  expect(of(mask("a", "method: Round"), mask("b", "method: Bucket"))).toEqual(["Default"]);
  expect(of(mask("a", "method: Partial"), mask("b", "method: Partial, parameters: {keepFirst: 1}"))).toEqual([
    "Partial",
  ]);
  expect(of(mask("a", "method: Partial"), mask("b", "method: Partial, parameters: {keepFirst: 2}"))).toEqual([
    "Default",
  ]);
  expect(of(mask("a", "method: Round"), mask("b", "method: Bucket"), mask("c", "method: Token"))).toEqual(["Default"]);
  expect(of(mask("a", "method: Round"), mask("b", "method: Bucket"), mask("c", "method: Null"))).toEqual(["Null"]);
});

test("within one policy the most specific pattern decides, also when it hides less", () => {
  const one = policies(
    policy(
      "p",
      `
classify: [{columns: ["public.customers.email"], class: PII.EMAIL.WORK}, {columns: ["public.customers.phone"], class: PII.PHONE}]
mask: [{classes: ["*"], method: Null}, {classes: ["PII.*"], method: Redact}, {classes: ["PII.EMAIL.*"], method: Partial}]
`,
    ),
  );
  expect(masksOf(allowed(one, { facts: select(copy("customers.email"), copy("customers.phone")) }))).toEqual([
    "Partial",
    "Redact",
  ]);
});

test("a class from one policy is masked by another", () => {
  const two = policies(
    policy("a", `classify: [{tables: ["public.customers"], class: PHI}]`),
    clusterPolicy("b", "mask: [{classes: [PHI], method: Null}]"),
  );
  expect(masksOf(allowed(two, { facts: select(copy("customers.id"), copy("orders.id")) }))).toEqual(["Null", null]);
});

test("an exemption reaches its own scope and the scope below, never the scope above", () => {
  const masks = `classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]\nmask: [{classes: ["PII.*"], method: Redact}]`;
  const exempt = "exempt: [{groups: [analysts]}]";
  const seen = (...documents: readonly string[]) =>
    masksOf(allowed(policies(...documents), { facts: select(copy("customers.email")) }));
  expect(seen(policy("a", masks), policy("b", exempt))).toBeNull();
  expect(seen(policy("a", masks), clusterPolicy("b", exempt))).toBeNull();
  expect(seen(clusterPolicy("a", masks), clusterPolicy("b", exempt))).toBeNull();
  expect(seen(clusterPolicy("a", masks), policy("b", exempt))).toEqual(["Redact"]);
});

test("an exemption needs a certain condition, while a restriction applies when its condition cannot be evaluated", () => {
  const masks = policy(
    "a",
    `classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]\nmask: [{classes: ["PII.*"], method: Redact}]\nwhen: "principal.groups[5] == 'x'"`,
  );
  const exempt = policy("b", `exempt: [{groups: [analysts]}]\nwhen: "principal.groups[5] == 'x'"`);
  const observing = policy("c", `mode: Observe\nexempt: [{groups: [analysts]}]`);
  expect(masksOf(allowed(policies(masks, exempt, observing), { facts: select(copy("customers.email")) }))).toEqual([
    "Redact",
  ]);
});

test("when picks by session, statement and time", () => {
  const masks = (condition: string) =>
    policies(
      policy(
        "a",
        `classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]\nmask: [{classes: ["PII.*"], method: Redact}]\nwhen: "${condition}"`,
      ),
    );
  const at = (condition: string, some = {}) =>
    masksOf(allowed(masks(condition), { facts: select(copy("customers.email")), ...some }));
  expect(at("!session.environment.startsWith('test')")).toEqual(["Redact"]);
  expect(at("!session.environment.startsWith('test')", { session: { ...session, environment: "test-7" } })).toBeNull();
  expect(at("'public.customers' in statement.relations")).toEqual(["Redact"]);
  expect(at("statement.kind == 'COPY'")).toBeNull();
  expect(at("now.getHours() < 9")).toBeNull();
  expect(at("now.getHours() < 9", { nowMs: Date.parse("2026-11-20T03:00:00Z") })).toEqual(["Redact"]);
  expect(at("principal.actingFor.name == 'ana@example.com'", { principal: robo })).toEqual(["Redact"]);
  expect(at("principal.actingFor.name == 'ana@example.com'")).toBeNull();
});

test("an Observe policy changes nothing and says what it would have done", () => {
  const observe = policies(
    policy(
      "try",
      `
mode: Observe
classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]
mask: [{classes: ["PII.*"], method: Redact}]
guard: [{name: no-reads, effects: [Read], action: Deny}]
`,
    ),
  );
  expect(allowed(observe, { facts: select(copy("customers.email")) })).toMatchObject({
    masks: { columns: null },
    witness: false,
    matched: [],
    observed: [
      { policy: "shop/try", rule: "mask" },
      { policy: "shop/try", rule: "no-reads" },
    ],
  });
});

test("a class that only an Observe policy gives does not mask through an Enforce policy", () => {
  const both = policies(
    policy("gives", `mode: Observe\nclassify: [{columns: ["public.customers.phone"], class: PII.PHONE}]`),
    policy(
      "masks",
      `classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]\nmask: [{classes: ["PII.*"], method: Redact}]`,
    ),
  );
  expect(masksOf(allowed(both, { facts: select(copy("customers.phone"), copy("customers.email")) }))).toEqual([
    null,
    "Redact",
  ]);
});

function bookOfViews(
  viewSet: Parameters<typeof bookOf>[0],
  view: Parameters<typeof buildClassBook>[2] extends Iterable<infer T> ? T : never,
) {
  return buildClassBook(viewSet, orders, [...relations, view], null);
}
