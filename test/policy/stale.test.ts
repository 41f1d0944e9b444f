// What a policy asks for when its bundle could not be renewed for too long.
import { whenStale } from "../../pkg/policy/stale.ts";
import type { Facts, Understood } from "../../pkg/sql/facts.ts";
import { api, decided, facts, policies, policy, relation, robo, select, write } from "./shop.ts";

const set = policies(
  policy("careful", "onStale: {after: 1h, action: DenyWrites}"),
  policy("strict", "subjects: [{kinds: [Agent]}]\nonStale: {after: 2h, action: Deny}"),
  policy("easy", "onStale: {after: 1m, action: Continue}"),
  policy("silent", "predicates: Deny"),
);
const read = facts({ kind: "SELECT", effects: ["Read"], relations: [relation("orders", "Read")] });
const insert = facts({ kind: "INSERT", effects: ["Insert"], writes: [write("Insert", "orders", "Other")] });
const commit: Partial<Understood> = { kind: "COMMIT", effects: ["Transaction"] };
const unclear: Facts = { understood: false, why: "it is not SQL", syntax: true };

const refusedBy = (hours: number, principal: typeof api, what: Facts) => {
  const decision = decided(whenStale(set, hours * 3600), { principal, facts: what });
  return decision.verdict === "refuse" ? `${decision.refusal.rule.policy} ${decision.refusal.rule.rule}` : null;
};

test("until the time is over nothing changes, not even the object", () => {
  expect(whenStale(set, 3600)).toBe(set);
});

test("DenyWrites leaves reading, and refuses what writes or is not understood", () => {
  expect(refusedBy(1.1, api, select())).toBeNull();
  expect(refusedBy(1.1, api, read)).toBeNull();
  expect(refusedBy(1.1, api, insert)).toBe("shop/careful on-stale");
  expect(refusedBy(1.1, api, unclear)).toBe("shop/careful on-stale");
  expect(refusedBy(1.1, robo, read)).toBeNull();
});

test("Deny refuses reading as well, for whom the policy concerns, and never the end of a transaction", () => {
  expect(refusedBy(2.1, robo, read)).toBe("shop/strict on-stale");
  expect(refusedBy(2.1, robo, facts(commit))).toBeNull();
  expect(refusedBy(2.1, api, read)).toBeNull();
});

test("the refusal says what is wrong in words, and the version in records says that it was stale", () => {
  const decision = decided(whenStale(set, 4000), { principal: api, facts: insert });
  expect(decision.verdict === "refuse" && decision.refusal).toMatchObject({
    sqlstate: "42501",
    message:
      "policies could not be renewed for longer than shop/careful allows, so nothing may be written until they are",
  });
  expect([4000, 8000].map((seconds) => whenStale(set, seconds).version)).toEqual([
    `${set.version}+stale1`,
    `${set.version}+stale2`,
  ]);
});
