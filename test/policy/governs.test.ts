// Whether anything is decided at all, asked before a catalogue is loaded.
import { governs } from "../../pkg/policy/governs.ts";
import { ana, api, clusterPolicy, orders, policies, policy, session } from "./shop.ts";

const masks = `classify: [{columns: ["public.customers.email"], class: PII.EMAIL}]\nmask: [{classes: ["PII.*"], method: Redact}]`;

test("nobody is governed without policies, and a database that no policy reaches is not", () => {
  expect(governs(policies(), orders, ana, session)).toEqual({
    policies: 0,
    masks: false,
    lifting: "Refuse",
    observed: false,
    guards: false,
  });
  const set = policies(policy("p", `databases: [orders]\n${masks}`));
  expect(governs(set, { namespace: "shop", name: "stock" }, ana, session).policies).toBe(0);
  expect(governs(set, { namespace: "lab", name: "orders" }, ana, session).policies).toBe(0);
});

test("masks and guards are told apart, for the principal they concern", () => {
  const set = policies(
    policy("p", `subjects: [{kinds: [Human]}]\n${masks}`),
    clusterPolicy("g", "guard: [{name: no-drop, effects: [Drop], action: Deny}]"),
  );
  expect(governs(set, orders, ana, session)).toEqual({
    policies: 2,
    masks: true,
    lifting: "Refuse",
    observed: false,
    guards: true,
  });
  expect(governs(set, orders, api, session)).toEqual({
    policies: 1,
    masks: false,
    lifting: "Refuse",
    observed: false,
    guards: true,
  });
});

test("a mask whose class nobody gives, an exempt principal and an Observe policy are under no mask", () => {
  const of = (...documents: readonly string[]) => governs(policies(...documents), orders, ana, session);
  expect(of(policy("p", "mask: [{classes: [PII.EMAIL], method: Redact}]"))).toEqual({
    policies: 1,
    masks: false,
    lifting: "Refuse",
    observed: false,
    guards: false,
  });
  expect(of(policy("p", `${masks}\nexempt: [{groups: [analysts]}]`))).toEqual({
    policies: 1,
    masks: false,
    lifting: "Refuse",
    observed: false,
    guards: false,
  });
  expect(of(policy("p", `mode: Observe\n${masks}`))).toEqual({
    policies: 1,
    masks: false,
    lifting: "Refuse",
    observed: true,
    guards: false,
  });
});

test("what only a statement or the time can tell counts as matching", () => {
  const of = (when: string, nowMs?: number) =>
    governs(policies(policy("p", `${masks}\nwhen: "${when}"`)), orders, ana, session, nowMs).masks;
  expect(of("statement.kind == 'SELECT'")).toBe(true);
  expect(of("statement.kind == 'SELECT' && session.environment == 'test'")).toBe(false);
  expect(of("now.getHours() < 9")).toBe(true);
  expect(of("now.getHours() < 9", Date.parse("2026-11-20T12:00:00Z"))).toBe(false);
});
