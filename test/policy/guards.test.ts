// Guards: what may not be done, at any depth; what is not known counts as the worst.
import type { RelationUse, Understood } from "../../pkg/sql/facts.ts";
import {
  allowed,
  api,
  copy,
  decided,
  facts,
  policies,
  policy,
  refused,
  relation,
  robo,
  select,
  write,
} from "./shop.ts";

const set = policies(
  policy(
    "writes",
    `
guard:
  - {name: no-destructive-ddl, effects: [Drop, Truncate], action: Deny, message: "Schema changes go through the migration pipeline."}
  - {name: bounded-writes, effects: [Update, Delete], filter: Missing, action: Deny}
  - {name: keyed-deletes, effects: [Delete], filter: NotByKey, action: RequireApproval}
  - {name: grants, effects: [Grant], action: Warn}
functions: {safe: ["public.vouched()"]}
`,
  ),
);

const guardOf = (some: Partial<Understood>) => {
  const decision = decided(set, { principal: api, facts: facts(some) });
  return decision.verdict === "refuse" ? decision.refusal.rule.rule : "allow";
};

test("a refusal tells the rule in plain words, which guard of which policy it was, and on what", () => {
  const drop = facts({ kind: "DROP TABLE", effects: ["Drop"], relations: [relation("customers", "Drop")] });
  expect(refused(set, { principal: api, facts: drop }).refusal).toEqual({
    rule: { policy: "shop/writes", rule: "no-destructive-ddl" },
    sqlstate: "42501",
    message: "Schema changes go through the migration pipeline.",
    detail: "Guard no-destructive-ddl of policy shop/writes: DROP TABLE does Drop on public.customers.",
    hint: "If this should be possible, ask the owners of policy shop/writes.",
  });
});

test.each([
  [
    "DELETE without WHERE",
    { kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "customers", "Missing")] },
    "bounded-writes",
  ],
  [
    "DELETE without WHERE in a CTE of a SELECT",
    { kind: "SELECT", effects: ["Read", "Delete"], writes: [write("Delete", "customers", "Missing")] },
    "bounded-writes",
  ],
  [
    "DELETE with a WHERE",
    { kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "customers", "Other")] },
    "keyed-deletes",
  ],
  ["DELETE by key", { kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "customers", "Key")] }, "allow"],
  [
    "UPDATE with a WHERE",
    { kind: "UPDATE", effects: ["Update"], writes: [write("Update", "customers", "Other")] },
    "allow",
  ],
  [
    "one keyed and one free UPDATE",
    {
      kind: "UPDATE",
      effects: ["Update"],
      writes: [write("Update", "orders", "Key"), write("Update", "customers", "Missing")],
    },
    "bounded-writes",
  ],
  ["an update whose filter nobody tells", { kind: "MERGE", effects: ["Update"] }, "bounded-writes"],
  [
    "TRUNCATE",
    { kind: "TRUNCATE", effects: ["Truncate"], writes: [write("Truncate", "customers")] },
    "no-destructive-ddl",
  ],
  [
    "a function that may do anything",
    { functions: [{ oid: null, name: "public.f()", trust: "opaque" }] },
    "bounded-writes",
  ],
  [
    "a function that the owner vouches for",
    { functions: [{ oid: null, name: "public.vouched()", trust: "opaque" }] },
    "allow",
  ],
  [
    "a function whose effects are known",
    { functions: [{ oid: 1, name: "pg_catalog.nextval(regclass)", trust: "opaque", effects: ["Update"] }] },
    "bounded-writes",
  ],
  [
    "a function that runs a text as SQL",
    {
      functions: [{ oid: 1, name: "pg_catalog.query_to_xml(text)", trust: "opaque", effects: ["Read", "ExecuteCode"] }],
    },
    "bounded-writes",
  ],
  ["DO", { kind: "DO", effects: ["ExecuteCode"] }, "bounded-writes"],
  [
    "DO beside a function that is vouched for",
    { kind: "DO", effects: ["ExecuteCode"], functions: [{ oid: null, name: "public.vouched()", trust: "opaque" }] },
    "bounded-writes",
  ],
  ["CALL of what was not found", { kind: "CALL", effects: ["ExecuteCode"] }, "bounded-writes"],
  [
    "CALL of what is vouched for",
    { kind: "CALL", effects: ["ExecuteCode"], functions: [{ oid: null, name: "public.vouched()", trust: "opaque" }] },
    "allow",
  ],
  [
    "a function known to notify",
    { functions: [{ oid: 1, name: "pg_catalog.pg_notify(text,text)", trust: "safe", effects: ["Notify"] }] },
    "allow",
  ],
  ["SELECT", { effects: ["Read"] }, "allow"],
] as const satisfies readonly (readonly [string, Partial<Understood>, string])[])("%s", (_, some, guard) => {
  expect(guardOf(some)).toBe(guard);
});

test("what is not known is told as such, with the remedy, and not in the words of the guard", () => {
  const spoken = policies(
    policy(
      "g",
      'guard: [{name: by-key, effects: [Delete], filter: Missing, action: Deny, message: "Add a condition."}]',
    ),
  );
  const unread = facts({ functions: [{ oid: null, name: "public.f()", trust: "opaque" }] });
  expect(refused(spoken, { principal: api, facts: unread }).refusal).toMatchObject({
    message: "what this statement does is not understood, so guard by-key cannot let it pass",
    detail: "Guard by-key of policy shop/g: it runs public.f(), which may do anything.",
    hint: 'Leave the code out, or ask the owners of policy shop/g to list "public.f()" under functions.safe.',
  });
  const block = facts({ kind: "DO", effects: ["ExecuteCode"] });
  expect(refused(spoken, { principal: api, facts: block }).refusal.hint).toBe(
    "Write plain SQL statements instead, or ask the owners of policy shop/g to have it run.",
  );
  const unknown = { understood: false, why: "nested too deeply", syntax: false } as const;
  expect(refused(spoken, { principal: api, facts: unknown }).refusal).toMatchObject({
    message: "what this statement does is not understood, so guard by-key cannot let it pass",
    detail: "Guard by-key of policy shop/g: what the statement does is not known: nested too deeply.",
  });
});

test("a write that no WHERE could narrow is told by what does it", () => {
  const set = policies(policy("g", "guard: [{name: by-key, effects: [Update], filter: Missing, action: Deny}]"));
  const setval = { oid: 1, name: "pg_catalog.setval(regclass, bigint)", trust: "safe", effects: ["Update"] } as const;
  expect(refused(set, { principal: api, facts: facts({ functions: [setval] }) }).refusal).toMatchObject({
    detail: "Guard by-key of policy shop/g: SELECT does Update by pg_catalog.setval(regclass, bigint).",
    hint: "If this should be possible, ask the owners of policy shop/g.",
  });
});

test("temp tables are no part of the schema", () => {
  const ddl = policies(policy("g", "guard: [{name: no-ddl, effects: [Alter, Drop, Truncate], action: Deny}]"));
  const dropped = (...relations: RelationUse[]) => facts({ kind: "DROP TABLE", effects: ["Drop"], relations });
  const temporary = { ...relation("made", "Drop"), temporary: true };
  allowed(ddl, { principal: api, facts: dropped(temporary) });
  refused(ddl, { principal: api, facts: dropped(temporary, relation("customers", "Drop")) });
  refused(ddl, { principal: api, facts: dropped() });
});

test("RequireApproval refuses with a code of its own and says that nobody can be asked", () => {
  const some = facts({ kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "customers", "Other")] });
  expect(refused(set, { principal: api, facts: some }).refusal).toMatchObject({
    sqlstate: "WR001",
    message: "guard keyed-deletes requires an approval for this statement",
    detail:
      "Guard keyed-deletes of policy shop/writes: DELETE does Delete on public.customers. An approval is needed, and no approver is reachable from here.",
    hint: "Name the rows by every column of a unique key in WHERE, such as the primary key.",
  });
});

test("what no approval can lift is told before what needs one", () => {
  const both = facts({ kind: "DELETE", effects: ["Delete"], writes: [write("Delete", "customers", "Missing")] });
  const decision = refused(set, { principal: api, facts: both });
  expect(decision.refusal.sqlstate).toBe("42501");
  expect(decision.matched.map((each) => each.rule)).toEqual(["bounded-writes", "keyed-deletes"]);
});

test("Warn lets the statement pass and says why", () => {
  const grant = facts({ kind: "GRANT", effects: ["Grant"], relations: [relation("customers", "Grant")] });
  expect(allowed(set, { principal: api, facts: grant })).toMatchObject({
    warnings: [
      {
        rule: { policy: "shop/writes", rule: "grants" },
        message:
          "guard grants does not allow this statement (Guard grants of policy shop/writes: GRANT does Grant on public.customers.)",
      },
    ],
    matched: [{ policy: "shop/writes", rule: "grants" }],
  });
});

test("a statement that is not understood matches every guard", () => {
  expect(
    refused(set, { principal: api, facts: { understood: false, why: "x", syntax: false } }).matched.map(
      (each) => each.rule,
    ),
  ).toEqual(["bounded-writes", "grants", "keyed-deletes", "no-destructive-ddl"]);
});

describe("rowsOver", () => {
  const reads = policies(
    policy(
      "reads",
      `
subjects: [{kinds: [Agent]}]
guard:
  - {name: bulk, effects: [Read], rowsOver: 500, action: Deny}
  - {name: bulk-less, effects: [Read], rowsOver: 800, action: RequireApproval}
  - {name: share, effects: [Read], rowsOver: "10%", action: RequireApproval}
`,
    ),
  );
  const read = select(copy("customers.name"));

  test("on reads the smallest limit is handed out with its refusal ready", () => {
    const { rowLimit } = allowed(reads, { principal: robo, facts: read, estimate: () => 3000 });
    expect(rowLimit).toEqual({
      rows: 300,
      refusal: {
        rule: { policy: "shop/reads", rule: "share" },
        sqlstate: "WR001",
        message: "guard share requires an approval for this statement",
        detail:
          "Guard share of policy shop/reads: the result has more than 300 rows; SELECT does Read on public.customers. An approval is needed, and no approver is reachable from here.",
        hint: "Fetch fewer rows: narrow the condition or add a LIMIT.",
      },
    });
    expect(allowed(reads, { principal: robo, facts: read, estimate: () => 1e6 }).rowLimit?.refusal).toMatchObject({
      sqlstate: "42501",
      rule: { rule: "bulk" },
    });
    expect(allowed(reads, { principal: api, facts: read }).rowLimit).toBeNull();
  });

  test("a share of a table whose size is not known counts as exceeded", () => {
    for (const estimate of [() => null, () => -1]) {
      expect(refused(reads, { principal: robo, facts: read, estimate }).refusal.detail).toMatch(
        /how many rows the table has is not known, which counts as exceeded/,
      );
    }
  });

  test("a counted read in front of other statements is refused with the hint to send it alone", () => {
    expect(refused(reads, { principal: robo, facts: read, alone: false, estimate: () => 1e6 }).refusal.hint).toBe(
      "Send this statement alone.",
    );
    expect(
      allowed(reads, { principal: robo, facts: facts({ kind: "BEGIN", effects: ["Transaction"] }), alone: false })
        .rowLimit,
    ).toBeNull();
  });

  test("the server's catalogues hold no rows of users and are not counted, but for those with samples of them", () => {
    const reading = (name: string, oid: number) => ({ ...relation(name, "Read"), oid, schema: "pg_catalog" });
    const bulk = policies(policy("bulk", "guard: [{name: bulk, effects: [Read], rowsOver: 500, action: Deny}]"));
    const limit = (...relations: RelationUse[]) =>
      allowed(bulk, { principal: robo, facts: facts({ relations, outputs: [] }) }).rowLimit?.rows;
    expect(limit(reading("pg_class", 1259), reading("pg_type", 1247))).toBeUndefined();
    expect(limit(reading("pg_class", 1259), relation("customers", "Read"))).toBe(500);
    expect(limit(reading("pg_statistic", 2619))).toBe(500);
    expect(limit(reading("pg_class", 20_000))).toBe(500);
  });

  test("on writes it allows with a count to hold, alone in its string, by a statement whose rows the server counts", () => {
    const writes = policies(
      policy("writes", "guard: [{name: big, effects: [Read, Update], rowsOver: 1000, action: RequireApproval}]"),
    );
    const update = facts({
      kind: "UPDATE",
      effects: ["Read", "Update"],
      relations: [relation("customers", "Read", "Update")],
      writes: [write("Update", "customers", "Key")],
    });
    const [limit] = allowed(writes, { principal: api, facts: update }).writeLimits;
    expect(limit).toMatchObject({
      rows: 1000,
      counts: { inserted: false, changed: true },
      refusal: { sqlstate: "WR001" },
    });
    expect(refused(writes, { principal: api, facts: update, alone: false }).refusal.hint).toMatch(/alone/);
    expect(refused(writes, { principal: api, facts: { ...update, kind: "CREATE TABLE AS" } }).refusal.detail).toMatch(
      /cannot be counted/,
    );
    expect(allowed(writes, { principal: api, facts: read }).rowLimit?.rows).toBe(1000);
  });

  test("with a filter only writes that the filter matches are counted", () => {
    const writes = policies(
      policy("writes", "guard: [{name: big, effects: [Update], filter: NotByKey, rowsOver: 1000, action: Deny}]"),
    );
    const update = (filter: "Key" | "Other") =>
      facts({ kind: "UPDATE", effects: ["Update"], writes: [write("Update", "customers", filter)] });
    expect(decided(writes, { principal: api, facts: update("Key") }).verdict).toBe("allow");
    expect(allowed(writes, { principal: api, facts: update("Key") }).writeLimits).toEqual([]);
    expect(allowed(writes, { principal: api, facts: update("Other") }).writeLimits).toHaveLength(1);
  });
});
