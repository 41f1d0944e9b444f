// Masks are lifted for a statement in front of which the server has said that no column has a class, and for no other.
import { claimQuery, standingQuery } from "../../pkg/catalog/claim-query.ts";
import { claimsOf, isClaimed } from "../../pkg/policy/nothing-protected.ts";
import { allowed, bookOf, decided, facts, orders, policies, policy, refused, select, unknown } from "./shop.ts";

const classify = (pattern: string) => `classify: [{columns: ['${pattern}'], class: PII.X}]`;
const mask = "mask: [{classes: [PII.X], method: Partial}]\nwhereNothingMatches: Allow";
const absent = policies(policy("absent", `${classify("public.nobody.email")}\n${mask}`));
const present = policies(policy("present", `${classify("public.customers.email")}\n${mask}`));
const opaque = facts({ functions: [{ oid: 29_000, name: "public.f(integer)", trust: "opaque" }] });
const said = { clear: "unconfined" } as const;

const strict = [
  opaque,
  facts({ kind: "DO", effects: ["ExecuteCode"] }),
  facts({ kind: "COPY", effects: ["CopyIn", "File"] }),
  facts({ kind: "CREATE FUNCTION", effects: ["Create"] }),
  facts({ kind: "SET", settings: [{ name: "client_min_messages", value: "debug1", scope: "session" }] }),
  { understood: false, why: "a test says so", syntax: false } as const,
];

test("what a mask refuses runs where the server says that nothing is protected, unseen by witness and scrub", () => {
  for (const each of strict) {
    expect(allowed(absent, { facts: each, ...said })).toMatchObject({
      masksWere: "lifted",
      witness: false,
      scrub: false,
      pins: [],
      masks: { columns: null },
    });
  }
});

test("without its word all of it is refused, and is marked as what the word might change", () => {
  for (const each of strict) expect(refused(absent, { facts: each }).masksWere).toBe("unconfirmed");
  for (const each of strict) expect(refused(absent, { facts: each, book: null }).masksWere).toBe("unconfirmed");
  expect(allowed(absent, { facts: select(unknown) }).masksWere).toBe("unconfirmed");
});

test("where some column has a class there is nothing to confirm", () => {
  for (const each of strict) expect(refused(present, { facts: each }).masksWere).toBe("in force");
});

test("a column that had the class before a rename still has it", () => {
  const renamed = [
    { ...bookOf(present).entries[0]!, relation: 20_002, policy: "shop/absent", pattern: "public.nobody.email" },
  ];
  expect(bookOf(absent, { entries: renamed }).isEmpty).toBe(false);
});

test("guards hold all the same, and what they refuse is not marked", () => {
  const set = policies(
    policy(
      "both",
      `${classify("public.nobody.email")}\n${mask}\nguard: [{name: no-code, effects: [ExecuteCode], action: Deny}]`,
    ),
  );
  const code = facts({ kind: "DO", effects: ["ExecuteCode"] });
  expect(refused(set, { facts: code, ...said }).refusal.rule.rule).toBe("no-code");
  expect(refused(set, { facts: code }).masksWere).toBe("in force");
});

test("who is under no mask notices nothing of it", () => {
  const set = policies(policy("other", `subjects: [{kinds: [Agent]}]\n${classify("public.nobody.email")}\n${mask}`));
  expect(decided(set, { facts: opaque, ...said })).toMatchObject({ verdict: "allow", masksWere: "in force" });
});

test.each([
  ["public.nobody.email", ["public", "nobody", "email"], true],
  ["public.nobody.email", ["public", "Nobody", "EMAIL"], true],
  ["public.nobody.email", ["public", "nobody", "phone"], false],
  ["public.nobody.email", ["private", "nobody", "email"], false],
  ["*.*.ssn", ["any", "thing", "ssn"], true],
  ["*.*.ssn", ["pg_catalog", "thing", "ssn"], false],
  ['public."Nobody".email', ["public", "nobody", "email"], false],
])("%s means %j: %s", (pattern, [schema, table, column], means) => {
  const set = policies(policy("p", `${classify(pattern as string)}\n${mask}`));
  const named = { oid: 20_009, schema: schema!, table: table!, attnum: 1, column: column! };
  expect(isClaimed(set, orders, [named])).toBe(means);
});

test("claims are those of every policy of the database, and no text of theirs gets into SQL as it is", () => {
  const set = policies(
    policy("p", `${classify("public.\"it''s; DROP {x},y\\z\".email")}\n${mask}`),
    policy("q", `mode: Observe\n${classify("*.people.*")}\n${mask}`),
  );
  const claims = claimsOf(set, orders).map(({ schema, table, column }) => {
    return { schema: schema.name, table: table.name, column: column.name };
  });
  const { sql } = claimQuery(claims)!;
  expect(sql).toContain("'{%t%s%%drop%%x%%y%z,people}'");
  expect(standingQuery(claims)).toBeNull();
  expect(claimQuery([{ schema: "pg_catalog", table: "pg_authid", column: "*" }])).toBeNull();
  expect(claimQuery([])).toBeNull();
});
