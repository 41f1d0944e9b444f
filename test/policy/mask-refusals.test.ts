// Under a mask, what no mask could hide is refused: oracles, laundering, opaque code, definitions, settings, EXPLAIN.
import type { PolicySet } from "../../pkg/policy/rules.ts";
import type { Understood } from "../../pkg/sql/facts.ts";
import {
  allowed,
  api,
  clean,
  column,
  copy,
  derived,
  facts,
  policies,
  policy,
  refused,
  relation,
  select,
  unknown,
  write,
} from "./shop.ts";

const spec = `
classify:
  - {columns: ["public.customers.email", "public.archive.email"], class: PII.EMAIL}
  - {columns: ["public.customers.ssn"], class: PII.SSN}
  - {columns: ["public.customers.profile#kyc.passport_no", "public.archive.profile#kyc.passport_no"], class: PII.ID}
mask: [{classes: ["PII.*"], method: Redact}]
`;
const deny = policies(policy("privacy", spec));
const equality = policies(policy("privacy", `${spec}predicates: AllowEquality`));
const free = policies(policy("privacy", `${spec}predicates: Allow`));

/** `allow`, or the rule that refuses. A service without masks must always pass. */
function outcome(set: PolicySet, some: Partial<Understood>): string {
  const told = decidedRule(set, some);
  const service = policies(policy("privacy", `subjects: [{kinds: [Human]}]${spec}`));
  expect(allowed(service, { principal: api, facts: facts(some) }).verdict).toBe("allow");
  return told;
}

function decidedRule(set: PolicySet, some: Partial<Understood>): string {
  try {
    allowed(set, { facts: facts(some) });
    return "allow";
  } catch {
    return refused(set, { facts: facts(some) }).refusal.rule.rule;
  }
}

const where = (name: string, use: "equality" | "other", path?: readonly string[]): Partial<Understood> => ({
  predicates: [{ column: column(name), use, where: "WHERE", ...(path === undefined ? {} : { path }) }],
});

test.each([
  ["equality on a protected column", where("customers.email", "equality"), ["predicates", "allow", "allow"]],
  ["a pattern on a protected column", where("customers.email", "other"), ["predicates", "predicates", "allow"]],
  ["anything on a clean column", where("customers.name", "other"), ["allow", "allow", "allow"]],
  ["a clean part of a document", where("customers.profile", "other", ["plan"]), ["allow", "allow", "allow"]],
  [
    "a whole document with a protected part",
    where("customers.profile", "other"),
    ["predicates", "predicates", "allow"],
  ],
] as const)("predicates: %s under Deny, AllowEquality and Allow", (_, some, outcomes) => {
  expect([deny, equality, free].map((set) => outcome(set, some))).toEqual(outcomes);
});

test("the strictest of all policies that mask the column decides about predicates", () => {
  const second = (predicates: string) =>
    policy("second", `mask: [{classes: [PII.EMAIL], method: Partial}]\npredicates: ${predicates}`);
  const of = (...documents: readonly string[]) => outcome(policies(...documents), where("customers.email", "equality"));
  expect(of(policy("privacy", `${spec}predicates: Allow`), second("AllowEquality"))).toBe("allow");
  expect(of(policy("privacy", `${spec}predicates: Allow`), second("Deny"))).toBe("predicates");
  expect(of(policy("privacy", `${spec}predicates: Allow`), policy("other", "predicates: Deny"))).toBe("predicates");
  expect(of(policy("privacy", spec), policy("other", "predicates: Allow"))).toBe("predicates");
});

test("a refusal names the column, the policy and the way out, and no value", () => {
  expect(refused(equality, { facts: facts(where("customers.email", "other")) }).refusal).toEqual({
    rule: { policy: "shop/privacy", rule: "predicates" },
    sqlstate: "42501",
    message: "column public.customers.email is protected and may not steer the result (WHERE)",
    detail: "Policy shop/privacy masks class PII.EMAIL; rows picked by its values would reveal them.",
    hint: "Look the column up by one plain equality with a value in the statement's own WHERE (not in a subquery or PREPARE), or use columns that are not protected.",
  });
});

const flow = (from: Understood["flows"][number]["from"], to: string): Partial<Understood> => ({
  kind: "UPDATE",
  effects: ["Update"],
  writes: [write("Update", "customers", "Key")],
  flows: [{ from, to: to.includes(".") ? column(to) : to }],
});

test.each([
  ["a constant into a protected column", flow(clean, "customers.email"), "allow"],
  ["a protected column into a clean one", flow(copy("customers.email"), "customers.name"), "laundering"],
  ["what is derived of it into a clean one", flow(derived("customers.email"), "customers.name"), "laundering"],
  ["a protected column into itself, changed", flow(derived("customers.email"), "customers.email"), "allow"],
  ["a protected column into one of the same class", flow(copy("customers.email"), "archive.email"), "allow"],
  ["a protected column into one of another class", flow(copy("customers.ssn"), "customers.email"), "laundering"],
  ["a value of unknown origin", flow(unknown, "customers.email"), "laundering"],
  ["a protected column into a temp table", flow(copy("customers.email"), "temp table"), "laundering"],
  ["a protected column into a view", flow(copy("customers.email"), "view"), "laundering"],
  ["a clean column into a new relation", flow(copy("customers.name"), "new relation"), "allow"],
  ["a clean payload into NOTIFY", flow(clean, "notify"), "allow"],
  ["a document into one with the same protected path", flow(copy("customers.profile"), "archive.profile"), "allow"],
  ["a document as text", flow(copy("customers.profile", ["kyc"], "text"), "archive.profile"), "laundering"],
  [
    "a part of a document, where the path is another",
    flow(copy("customers.profile", ["kyc"], "json"), "archive.profile"),
    "laundering",
  ],
  ["a clean part of a document", flow(copy("customers.profile", ["plan"], "json"), "customers.name"), "allow"],
  ["something computed from a document", flow(derived("customers.profile"), "archive.profile"), "laundering"],
])("laundering: %s", (_, some, rule) => {
  expect(outcome(deny, some)).toBe(rule);
});

test("a class that another policy gives to the target does not make room for the value", () => {
  const some = flow(copy("customers.email"), "customers.name");
  const more = policy("more", `classify: [{columns: ["public.customers.name"], class: PII.EMAIL}]`);
  expect(outcome(policies(policy("privacy", spec), more), some)).toBe("laundering");
});

const call = (name: string, trust: "safe" | "opaque" = "opaque"): Partial<Understood> => ({
  functions: [{ oid: null, name, trust }],
});

test("functions: opaque ones are refused, also far from any label, unless every masking policy lists them", () => {
  const lists = (name: string) => policy("privacy", `${spec}functions: {safe: ["${name}"]}`);
  expect(outcome(deny, call("public.f(int8)"))).toBe("functions");
  expect(outcome(deny, call("pg_catalog.lower(text)", "safe"))).toBe("allow");
  expect(outcome(policies(lists("public.f(bigint)")), call("public.f(int8)"))).toBe("allow");
  expect(
    outcome(policies(lists("public.f(bigint)")), { ...call("public.f(int8)"), effects: ["Read", "ExecuteCode"] }),
  ).toBe("allow");
  expect(outcome(policies(lists("public.f(bigint[], character varying)")), call("public.f(_int8,varchar)"))).toBe(
    "allow",
  );
  expect(outcome(policies(lists("public.f(text)")), call("public.f(int8)"))).toBe("functions");
  expect(
    outcome(
      policies(lists("public.f(bigint)"), policy("more", "mask: [{classes: [PII.SSN], method: Null}]")),
      call("public.f(int8)"),
    ),
  ).toBe("functions");
});

test.each([
  ["DO", { kind: "DO", effects: ["ExecuteCode"] }, "statement"],
  ["CALL of something not found", { kind: "CALL", effects: ["ExecuteCode"] }, "statement"],
  ["CALL of an opaque procedure", { kind: "CALL", effects: ["ExecuteCode"], ...call("public.p()") }, "functions"],
  ["COPY to a file", { kind: "COPY", effects: ["Read", "File"] }, "statement"],
  [
    "a safe function that reaches a file",
    { functions: [{ oid: 1, name: "pg_catalog.lo_export(oid,text)", trust: "safe", effects: ["File"] }] },
    "statement",
  ],
  ["a foreign table", { relations: [{ ...relation("far", "Read"), kind: "foreign" }] }, "statement"],
  ["CREATE FUNCTION", { kind: "CREATE FUNCTION", effects: ["Create"] }, "statement"],
  ["a kind nobody has thought of", { kind: "CREATE TRANSFORM", effects: ["Create"] }, "statement"],
  [
    "ALTER TABLE of a clean table",
    { kind: "ALTER TABLE", effects: ["Alter"], relations: [relation("orders", "Alter")] },
    "allow",
  ],
  [
    "ALTER TABLE ... RENAME of a protected table",
    { kind: "ALTER TABLE", effects: ["Alter"], relations: [relation("customers", "Alter")] },
    "statement",
  ],
  [
    "CREATE TABLE",
    { kind: "CREATE TABLE", effects: ["Create"], relations: [{ ...relation("fresh", "Create"), oid: 0 }] },
    "allow",
  ],
  [
    "ALTER TABLE of a table that the catalogue does not show",
    { kind: "ALTER TABLE", effects: ["Alter"], relations: [relation("fresh", "Alter")] },
    "statement",
  ],
  [
    "CREATE VIEW over clean columns",
    {
      kind: "CREATE VIEW",
      effects: ["Create"],
      relations: [relation("customers", "Read")],
      flows: [{ from: copy("customers.name"), to: "view" }],
    },
    "allow",
  ],
  [
    "CREATE VIEW over a protected column",
    {
      kind: "CREATE VIEW",
      effects: ["Create"],
      relations: [relation("customers", "Read")],
      flows: [{ from: copy("customers.email"), to: "view" }],
    },
    "laundering",
  ],
  [
    "DROP TABLE, which guards are for",
    { kind: "DROP TABLE", effects: ["Drop"], relations: [relation("customers", "Drop")] },
    "allow",
  ],
  [
    "UPDATE pg_class",
    {
      kind: "UPDATE",
      effects: ["Update"],
      writes: [
        {
          effect: "Update",
          filter: "Key",
          relation: { ...relation("pg_class", "Update"), oid: 1259, schema: "pg_catalog" },
        },
      ],
    },
    "statement",
  ],
  [
    "EXPLAIN",
    { kind: "EXPLAIN", explain: { analyze: false, verbose: false }, relations: [relation("customers", "Read")] },
    "allow",
  ],
  [
    "EXPLAIN ANALYZE",
    { kind: "EXPLAIN", explain: { analyze: true, verbose: false }, relations: [relation("customers", "Read")] },
    "explain",
  ],
  [
    "EXPLAIN VERBOSE",
    { kind: "EXPLAIN", explain: { analyze: false, verbose: true }, relations: [relation("customers", "Read")] },
    "explain",
  ],
  [
    "EXPLAIN ANALYZE of a clean table",
    { kind: "EXPLAIN", explain: { analyze: true, verbose: true }, relations: [relation("orders", "Read")] },
    "allow",
  ],
] as const satisfies readonly (readonly [string, Partial<Understood>, string])[])("statements: %s", (_, some, rule) => {
  expect(outcome(deny, some)).toBe(rule);
});

const setting = (name: string, value: string | null): Partial<Understood> => ({
  kind: "SET",
  effects: ["SessionChange"],
  settings: [{ name, value, scope: "session" }],
});

test.each([
  ["search_path", "shop, public", "allow"],
  ["role", "analyst", "allow"],
  ["*", null, "allow"],
  ["application_name", "psql", "allow"],
  ["standard_conforming_strings", "on", "allow"],
  ["standard_conforming_strings", "off", "setting"],
  ["standard_conforming_strings", null, "setting"],
  ["client_encoding", "UTF8", "allow"],
  ["client_encoding", "LATIN1", "allow"],
  ["client_encoding", "WIN1252", "allow"],
  ["client_encoding", "SJIS", "setting"],
  ["client_encoding", "gbk", "setting"],
  ["client_min_messages", "warning", "allow"],
  ["client_min_messages", "debug5", "setting"],
  ["client_min_messages", "log", "setting"],
  ["debug_print_parse", "on", "setting"],
  ["debug_print_parse", "off", "allow"],
  ["log_statement", "all", "setting"],
  ["auto_explain.log_min_duration", "0", "setting"],
  ["auto_explain.log_min_duration", "-1", "allow"],
  ["session_replication_role", "replica", "setting"],
  ["session_replication_role", "origin", "allow"],
  ["session_preload_libraries", "evil", "setting"],
])("settings: %s = %s", (name, value, rule) => {
  expect(outcome(deny, setting(name, value))).toBe(rule);
});

test("PREPARE and DECLARE are refused for what they hold", () => {
  const held = facts(where("customers.email", "other"));
  expect(outcome(deny, { kind: "PREPARE", effects: [], name: { do: "prepare", name: "p", statement: held } })).toBe(
    "predicates",
  );
  expect(
    outcome(deny, {
      kind: "DECLARE CURSOR",
      effects: [],
      name: { do: "declare", name: "c", hold: false, statement: { understood: false, why: "x", syntax: false } },
    }),
  ).toBe("not-understood");
  expect(
    outcome(deny, {
      kind: "PREPARE",
      effects: [],
      name: { do: "prepare", name: "p", statement: select(copy("customers.email")) },
    }),
  ).toBe("allow");
});

test("errors of a statement are scrubbed when what it reads or writes, or what that cascades to, holds a class", () => {
  const scrub = (some: Partial<Understood>) => allowed(deny, { facts: facts(some) }).scrub;
  expect(scrub({ kind: "INSERT", effects: ["Insert"], writes: [write("Insert", "customers")] })).toBe(true);
  expect(scrub({ kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "orders", "Key")] })).toBe(false);
  expect(scrub({ kind: "SELECT", relations: [relation("customers", "Read")] })).toBe(true);
  expect(scrub({ kind: "SELECT", relations: [relation("orders", "Read")] })).toBe(false);
  const notes = policies(
    policy(
      "p",
      `{classify: [{columns: ["public.orders.note"], class: PII.NOTE}], mask: [{classes: ["PII.*"], method: Null}]}`,
    ),
  );
  const deletes = facts({ kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "customers", "Key")] });
  expect(allowed(notes, { facts: deletes }).scrub).toBe(true);
});
