// What happens to a statement while no record can be kept.
import { allowed, ana, api, copy, decided, facts, policies, policy, refused, select } from "./shop.ts";

const classify = `classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]`;
const touching = select(copy("customers.email"));
const clean = select(copy("customers.name"));

test("a statement that touches a class is refused, also for those who see it clear; any other passes", () => {
  const set = policies(policy("p", `${classify}\nsubjects: [{kinds: [Human]}]`));
  for (const principal of [ana, api]) {
    expect(refused(set, { principal, facts: touching, auditWritable: false }).refusal).toMatchObject({
      rule: { policy: "shop/p", rule: "audit" },
      sqlstate: "42501",
      hint: "Try again when the sidecar's record store has room; nothing is wrong with the statement.",
    });
    expect(allowed(set, { principal, facts: clean, auditWritable: false }).onAuditFailure).toBe("Allow");
    expect(allowed(set, { principal, facts: touching }).onAuditFailure).toBe("Deny");
  }
});

test("what is not understood touches a class where there is one", () => {
  const unknown = { understood: false, why: "x", syntax: false } as const;
  expect(
    decided(policies(policy("p", classify)), { principal: api, facts: unknown, auditWritable: false }).verdict,
  ).toBe("refuse");
  expect(
    decided(policies(policy("p", "mode: Enforce")), { principal: api, facts: unknown, auditWritable: false }).verdict,
  ).toBe("allow");
});

test("the strictest onFailure of all policies decides", () => {
  const outcome = (given: typeof touching, ...specs: readonly string[]) =>
    decided(policies(...specs.map((spec, i) => policy(`p${i}`, spec))), { facts: given, auditWritable: false }).verdict;
  const allow = "audit: {onFailure: Allow}";
  const deny = "audit: {onFailure: Deny}";
  expect(outcome(touching, `${classify}\n${allow}`)).toBe("allow");
  expect(outcome(touching, `${classify}\n${allow}`, "mode: Enforce")).toBe("refuse");
  expect(outcome(touching, `${classify}\n${allow}`, deny)).toBe("refuse");
  expect(outcome(facts({ kind: "BEGIN" }), `${classify}\n${allow}`, deny)).toBe("refuse");
  expect(outcome(facts({ kind: "BEGIN" }), classify)).toBe("allow");
});
