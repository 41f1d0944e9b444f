// Properties of every decision, over generated policies and statements: order never matters, adding a policy only tightens, and
// what is not understood never passes a mask or a guard.
import fc from "fast-check";
import type { DecisionRequest } from "../../pkg/policy/decide.ts";
import type { ColumnMask, Decision } from "../../pkg/policy/decision.ts";
import { governs } from "../../pkg/policy/governs.ts";
import { rankOf } from "../../pkg/policy/strictness.ts";
import type { Facts, Lineage, Understood } from "../../pkg/sql/facts.ts";
import {
  ana,
  api,
  clusterPolicy,
  column,
  decided,
  facts,
  orders,
  policies,
  policy,
  relation,
  robo,
  session,
  write,
} from "./shop.ts";

const columns = [
  "customers.email",
  "customers.ssn",
  "customers.name",
  "customers.profile",
  "archive.email",
  "archive.profile",
];
const patterns = [
  "public.customers.email",
  "public.*.email",
  "public.customers.ssn",
  "public.customers.profile",
  "public.customers.profile#kyc",
  "public.*.profile#kyc.passport_no",
  "public.customers.name",
];
const classNames = ["PII.EMAIL", "PII.SSN", "PHI"];
const some = <T>(values: readonly T[]) => fc.constantFrom(...values);
const subset = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });

const subject = fc.oneof(
  fc.record({ kinds: subset(["Human", "Agent", "Service"]) }),
  fc.record({ groups: some([["analysts"], ["dba"]]) }),
  fc.record({ notGroups: some([["analysts"], ["dba"]]) }),
  fc.record({ assuranceBelow: some(["L1", "L2"]) }),
);
const mask = fc
  .record({
    classes: subset(["PII.*", "PII.EMAIL", "PHI", "*"]),
    method: some(["Null", "Default", "Redact", "Token", "Partial", "Round", "Bucket"]),
    keepFirst: fc.nat(2),
  })
  .map(({ keepFirst, ...rule }) => (rule.method === "Partial" ? { ...rule, parameters: { keepFirst } } : rule));
const guard = fc.oneof(
  fc.record({
    effects: subset(["Update", "Delete"]),
    filter: some(["Missing", "NotByKey"]),
    action: some(["Deny", "RequireApproval", "Warn"]),
  }),
  fc.record({
    effects: subset(["Read", "Drop", "Alter", "ExecuteCode"]),
    action: some(["Deny", "RequireApproval", "Warn"]),
  }),
  fc.record({
    effects: fc.constant(["Read"]),
    rowsOver: some([10, 100, "10%"]),
    action: some(["Deny", "RequireApproval"]),
  }),
);
const spec = fc.record(
  {
    mode: some(["Enforce", "Enforce", "Enforce", "Observe"]),
    subjects: fc.array(subject, { maxLength: 2 }),
    when: some(["true", "statement.kind == 'SELECT'", "principal.groups[1] == 'x'", "session.environment == 'test'"]),
    classify: fc.array(fc.record({ columns: subset(patterns), class: some(classNames) }), { maxLength: 2 }),
    mask: fc.array(mask, { maxLength: 2 }),
    predicates: some(["Deny", "AllowEquality", "Allow"]),
    functions: fc.constant({ safe: ["public.f()"] }),
    guard: fc.array(guard, { maxLength: 2 }).map((guards) => guards.map((each, i) => ({ name: `g${i}`, ...each }))),
    audit: fc.record({ onFailure: some(["Deny", "Allow"]) }),
  },
  { requiredKeys: [] },
);
const withExempt = fc
  .record({ spec, exempt: fc.array(subject, { maxLength: 1 }) })
  .map((each) => ({ ...each.spec, exempt: each.exempt }));
const written = (specs: typeof spec) =>
  fc
    .record({ spec: specs, cluster: fc.boolean() })
    .map((each) => (name: string) => (each.cluster ? clusterPolicy : policy)(name, JSON.stringify(each.spec)));

const path = some([undefined, ["kyc"], ["kyc", "passport_no"], ["plan"]]);
const lineage: fc.Arbitrary<Lineage> = fc.oneof(
  fc.constant<Lineage>({ kind: "clean" }),
  fc.constant<Lineage>({ kind: "unknown", why: "a test says so" }),
  subset(columns).map((names): Lineage => ({ kind: "derived", columns: names.map(column) })),
  some(columns.slice(0, 3)).map((name): Lineage => ({ kind: "copy", column: column(name) })),
  fc
    .record({ path, as: some(["json", "text"] as const) })
    .map(
      ({ path: steps, as }): Lineage =>
        steps === undefined
          ? { kind: "copy", column: column("customers.profile") }
          : { kind: "copy", column: column("customers.profile"), path: steps, as },
    ),
);
const statement: fc.Arbitrary<Understood> = fc
  .record({
    kind: some(["SELECT", "UPDATE", "ALTER TABLE", "CREATE VIEW", "DO", "EXPLAIN"]),
    effects: fc.subarray(["Read", "Update", "Delete", "Drop", "Alter", "Create", "ExecuteCode", "File"] as const),
    outputs: fc
      .array(lineage, { maxLength: 4 })
      .map((all) => all.map((each) => ({ name: null, lineage: each, origin: null }))),
    writes: fc.array(
      fc.record({ effect: some(["Update", "Delete"] as const), filter: some(["Missing", "Key", "Other"] as const) }),
      { maxLength: 2 },
    ),
    predicates: fc.array(fc.record({ name: some(columns), use: some(["equality", "other"] as const) }), {
      maxLength: 1,
    }),
    flows: fc.array(fc.record({ from: lineage, to: some([...columns, "view"]) }), { maxLength: 1 }),
    functions: fc.array(some(["public.f()", "public.g()"]), { maxLength: 1 }),
    settings: fc.array(some(["search_path", "session_replication_role"]), { maxLength: 1 }),
  })
  .map((made) =>
    facts({
      ...made,
      relations: [relation("customers", "Read", ...made.effects)],
      writes: made.writes.map(({ effect, filter }) => write(effect, "customers", filter)),
      predicates: made.predicates.map(({ name, use }) => ({ column: column(name), use, where: "WHERE" })),
      flows: made.flows.map(({ from, to }) => ({ from, to: to === "view" ? to : column(to) })),
      functions: made.functions.map((name) => ({ oid: null, name, trust: "opaque" as const })),
      settings: made.settings.map((name) => ({ name, value: "x", scope: "session" as const })),
      explain: { analyze: made.kind === "EXPLAIN", verbose: false },
    }),
  );
const notUnderstood: Facts = { understood: false, why: "a test says so", syntax: false };
const asked: fc.Arbitrary<Partial<DecisionRequest>> = fc.record({
  facts: fc.oneof(
    { weight: 5, arbitrary: statement as fc.Arbitrary<Facts> },
    { weight: 1, arbitrary: fc.constant(notUnderstood) },
  ),
  principal: some([ana, robo, api]),
  alone: fc.boolean(),
  auditWritable: fc.boolean(),
  estimate: some([() => 500, () => null]),
});

/** The decision under policies that are named by their place. */
function under(documents: readonly ((name: string) => string)[], request: Partial<DecisionRequest>): Decision {
  return decided(policies(...documents.map((document, i) => document(`p${i}`))), request);
}

test("the order of policies never matters", () => {
  fc.assert(
    fc.property(
      fc.array(written(withExempt as typeof spec), { minLength: 2, maxLength: 4 }),
      asked,
      fc.nat(),
      (documents, request, turn) => {
        const named = documents.map((document, i) => document(`p${i}`));
        const at = turn % named.length;
        const turned = [...named.slice(at), ...named.slice(0, at)].reverse();
        expect(decided(policies(...turned), request)).toEqual(decided(policies(...named), request));
      },
    ),
    { numRuns: 150 },
  );
});

/** Policies and statements of one sort, so that much is allowed and small differences show. */
const maskSpec = fc.record({
  classify: fc.array(fc.record({ columns: subset(patterns), class: some(classNames) }), { minLength: 1, maxLength: 2 }),
  mask: fc.array(mask, { minLength: 1, maxLength: 2 }),
  predicates: some(["Deny", "AllowEquality", "Allow"]),
}) as fc.Arbitrary<object> as typeof spec;
const reads = fc.record({
  facts: statement.map((made) => facts({ outputs: made.outputs, relations: made.relations })),
});
const moves = fc.record({ facts: statement.map((made) => facts({ flows: made.flows, predicates: made.predicates })) });

test.each([
  ["anything", written(withExempt as typeof spec), written(spec), asked],
  ["masks over reads", written(maskSpec), written(maskSpec), reads],
  ["masks over writes and conditions", written(maskSpec), written(maskSpec), moves],
] as const)("adding a policy that exempts nobody only tightens (%s)", (_, base, more, requests) => {
  fc.assert(
    fc.property(fc.array(base, { maxLength: 3 }), more, requests, (documents, added, request) => {
      const before = under(documents, request);
      const after = under([...documents, added], request);
      if (after.verdict === "refuse") return;
      expect(before.verdict).toBe("allow");
      if (before.verdict !== "allow") return;
      before.masks.columns?.forEach((mask, i) => {
        if (mask !== null) expectAtLeast(after.masks.columns?.[i] ?? null, mask);
      });
      const rows = [after, before].map((each) => each.rowLimit?.rows ?? Number.MAX_SAFE_INTEGER);
      expect(rows[0]).toBeLessThanOrEqual(rows[1]!);
      expect([before.scrub && !after.scrub, before.witness && !after.witness]).toEqual([false, false]);
      if (before.onAuditFailure === "Deny") expect(after.onAuditFailure).toBe("Deny");
    }),
    { numRuns: 250 },
  );
});

/** `now` hides every part that `then` hid, as strictly. */
function expectAtLeast(now: ColumnMask | null, then: ColumnMask): void {
  const parts = then.apply === "paths" ? then.paths : [{ path: [], mask: null }];
  for (const part of parts) {
    const rank = then.apply === "paths" ? rankOf(part.mask!.method) : rankOfWhole(then);
    expect(rankAt(now, part.path)).toBeGreaterThanOrEqual(rank);
  }
}

function rankAt(mask: ColumnMask | null, path: readonly string[]): number {
  if (mask === null) return 0;
  if (mask.apply !== "paths") return rankOfWhole(mask);
  const above = mask.paths.find((each) => each.path.every((step, i) => step === path[i]));
  return above === undefined ? 0 : rankOf(above.mask.method);
}

function rankOfWhole(mask: Exclude<ColumnMask, { apply: "paths" }>): number {
  return mask.apply === "default" ? rankOf("Default") : rankOf(mask.mask.method);
}

test("what is not understood never passes a mask, nor a guard that refuses", () => {
  fc.assert(
    fc.property(
      fc.array(written(withExempt as typeof spec), { minLength: 1, maxLength: 3 }),
      some([ana, robo, api]),
      (documents, principal) => {
        const set = policies(...documents.map((document, i) => document(`p${i}`)));
        const decision = decided(set, { principal, facts: notUnderstood });
        if (decision.verdict === "refuse") return;
        expect(governs(set, orders, principal, session).masks).toBe(false);
        expect(
          decision.matched.every((rule) => decision.warnings.some((warning) => warning.rule.rule === rule.rule)),
        ).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});

test("every refusal says which rule, why and what to do, with a code at which no pool throws a connection away", () => {
  fc.assert(
    fc.property(fc.array(written(spec), { minLength: 1, maxLength: 3 }), asked, (documents, request) => {
      const decision = under(documents, request);
      if (decision.verdict === "allow") return;
      const { refusal } = decision;
      expect(["42501", "WR001"]).toContain(refusal.sqlstate);
      expect([refusal.message, refusal.detail, refusal.hint].every((text) => text.length > 10)).toBe(true);
      expect(decision.matched).toContainEqual(refusal.rule);
    }),
    { numRuns: 150 },
  );
});
