import type pg from "pg";
import { type AnalysisContext, analyze, type Grammar } from "../../pkg/sql/analyze.ts";
import type { Facts, Understood } from "../../pkg/sql/facts.ts";
import { loadGrammar } from "../../pkg/sql/grammar.ts";
import { freshDatabase, majorOf, type RealServer, realServer } from "../catalog/real-catalog.ts";
import { realContext } from "../sql-functions/real-context.ts";
import { ddl } from "./schema.ts";

let server: RealServer;
let client: pg.Client;
let context: AnalysisContext;
let grammar: Grammar;

beforeAll(async () => {
  server = await realServer();
  client = await freshDatabase(server, "utility_facts", ddl);
  grammar = (await loadGrammar(await majorOf(client)))!;
  context = await realContext(client);
}, 120_000);
afterAll(() => server.stop());

function facts(text: string, with_: Partial<AnalysisContext> = {}): Facts {
  const { statements } = analyze(grammar, text, { ...context, ...with_ });
  expect(statements.length).toBe(1);
  return statements[0]!.facts;
}

function understood(text: string, with_: Partial<AnalysisContext> = {}): Understood {
  const told = facts(text, with_);
  if (!told.understood) throw new Error(`${text}: ${told.why}`);
  return told;
}

const used = ({ relations }: Understood) =>
  relations.map(({ schema, name, access }) => `${schema === "public" ? "" : `${schema}.`}${name}:${access.join("+")}`);
const flowing = ({ flows }: Understood) =>
  flows.map(
    ({ from, to }) =>
      `${from.kind === "copy" ? from.column.column : from.kind} > ${typeof to === "string" ? to : to.column}`,
  );
const steering = ({ predicates }: Understood) =>
  predicates.map(({ column, use, where }) => `${column.table}.${column.column} ${use} ${where}`);

// text, kind, effects, relations with access
test.each<[string, string, string, string]>([
  ["CREATE TABLE t (a int DEFAULT risky())", "CREATE TABLE", "Create ExecuteCode", ""],
  [
    "CREATE TABLE t (a serial, b int DEFAULT 1 CHECK (b > 0), c int GENERATED ALWAYS AS (b + 1) STORED)",
    "CREATE TABLE",
    "Create",
    "",
  ],
  ["CREATE TABLE t (LIKE customers INCLUDING ALL)", "CREATE TABLE", "Create", "customers:"],
  ["CREATE TABLE t () INHERITS (parent)", "CREATE TABLE", "Create Alter", "parent:Alter"],
  ["CREATE TABLE e2 PARTITION OF events DEFAULT", "CREATE TABLE", "Create Alter", "events:Alter"],
  ["CREATE UNLOGGED TABLE IF NOT EXISTS t (a int CHECK (a > 0), PRIMARY KEY (a))", "CREATE TABLE", "Create", ""],
  ["ALTER TABLE orders DROP COLUMN total", "ALTER TABLE", "Alter Drop", "orders:Alter+Drop"],
  ["ALTER TABLE orders DROP CONSTRAINT orders_pkey", "ALTER TABLE", "Alter Drop", "orders:Alter+Drop"],
  ["ALTER TABLE IF EXISTS nosuch DROP COLUMN total", "ALTER TABLE", "Alter Drop", ""],
  ["ALTER TABLE events DETACH PARTITION events_1", "ALTER TABLE", "Alter Drop", "events:Alter+Drop events_1:Alter"],
  ["ALTER TABLE orders NO INHERIT parent", "ALTER TABLE", "Alter Drop", "orders:Alter+Drop"],
  ["ALTER TABLE orders INHERIT parent", "ALTER TABLE", "Alter", "orders:Alter parent:Alter"],
  ["ALTER TABLE orders DISABLE TRIGGER ALL, DISABLE ROW LEVEL SECURITY", "ALTER TABLE", "Alter", "orders:Alter"],
  ["ALTER TABLE orders OWNER TO postgres", "ALTER TABLE", "Alter Grant", "orders:Alter+Grant"],
  [
    "ALTER TABLE orders ADD COLUMN note text DEFAULT 'x', ALTER total SET DEFAULT 0, ALTER total DROP NOT NULL",
    "ALTER TABLE",
    "Alter",
    "orders:Alter",
  ],
  ["ALTER TABLE orders RENAME total TO sum", "ALTER TABLE", "Alter", "orders:Alter"],
  ["ALTER TABLE orders RENAME TO o2", "ALTER TABLE", "Alter", "orders:Alter"],
  ["ALTER TABLE orders SET SCHEMA shop", "ALTER TABLE", "Alter", "orders:Alter"],
  ["ALTER VIEW contact RENAME TO c2", "ALTER VIEW", "Alter", "contact:Alter"],
  ["ALTER VIEW contact RENAME COLUMN email TO x", "ALTER VIEW", "Alter", "contact:Alter"],
  ["ALTER INDEX by_name RENAME TO x", "ALTER INDEX", "Alter", "by_name:Alter"],
  ["ALTER TYPE pair RENAME ATTRIBUTE a TO c", "ALTER TYPE", "Alter", "pair:Alter"],
  ["ALTER TYPE pair ADD ATTRIBUTE c int", "ALTER TYPE", "Alter", "pair:Alter"],
  ["ALTER MATERIALIZED VIEW stored SET SCHEMA shop", "ALTER MATERIALIZED VIEW", "Alter", "stored:Alter"],
  ["ALTER SCHEMA shop RENAME TO s2", "ALTER SCHEMA", "Alter", ""],
  ["ALTER FUNCTION risky() OWNER TO postgres", "ALTER FUNCTION", "Alter Grant", ""],
  ["ALTER FUNCTION risky() SET search_path = x", "ALTER FUNCTION", "Alter", ""],
  ["ALTER SEQUENCE numbers RESTART", "ALTER SEQUENCE", "Alter", "numbers:Alter"],
  ["CREATE SEQUENCE s", "CREATE SEQUENCE", "Create", ""],
  ["DROP TABLE orders, public.lines CASCADE", "DROP TABLE", "Drop", "orders:Drop lines:Drop"],
  ["DROP TABLE IF EXISTS nosuch, lines", "DROP TABLE", "Drop", "lines:Drop"],
  ["DROP INDEX by_name", "DROP INDEX", "Drop", "by_name:Drop"],
  ["DROP MATERIALIZED VIEW stored", "DROP MATERIALIZED VIEW", "Drop", "stored:Drop"],
  ["DROP FUNCTION risky()", "DROP FUNCTION", "Drop", ""],
  ["DROP TRIGGER g ON orders", "DROP TRIGGER", "Drop Alter", "orders:Alter"],
  ["DROP SCHEMA shop", "DROP SCHEMA", "Drop", ""],
  ["DROP SCHEMA shop CASCADE", "DROP SCHEMA", "Drop", "shop.boxes:Drop shop.s:Drop"],
  ["DROP OWNED BY postgres", "DROP OWNED", "Drop Grant", ""],
  ["REASSIGN OWNED BY a TO b", "REASSIGN OWNED", "Alter Grant", ""],
  ["TRUNCATE ONLY lines", "TRUNCATE", "Truncate", "lines:Truncate"],
  ["TRUNCATE customers CASCADE", "TRUNCATE", "Truncate", "customers:Truncate orders:Truncate lines:Truncate"],
  ["TRUNCATE events", "TRUNCATE", "Truncate", "events:Truncate events_1:Truncate"],
  ["REFRESH MATERIALIZED VIEW stored", "REFRESH MATERIALIZED VIEW", "Maintenance", "stored:Maintenance"],
  [
    "REFRESH MATERIALIZED VIEW stored WITH NO DATA",
    "REFRESH MATERIALIZED VIEW",
    "Maintenance Truncate",
    "stored:Maintenance+Truncate",
  ],
  ["GRANT SELECT (id) ON customers TO PUBLIC", "GRANT", "Grant", "customers:Grant"],
  ["REVOKE ALL ON ALL TABLES IN SCHEMA shop FROM PUBLIC", "REVOKE", "Grant", "shop.boxes:Grant"],
  ["GRANT a TO b", "GRANT ROLE", "Grant", ""],
  ["ALTER GROUP a ADD USER b", "ALTER ROLE", "Alter Grant", ""],
  ["CREATE USER x PASSWORD 'y'", "CREATE ROLE", "Create Grant", ""],
  ["ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "ALTER DEFAULT PRIVILEGES", "Grant", ""],
  ["LOCK TABLE orders IN SHARE MODE", "LOCK TABLE", "Lock", "orders:Lock"],
  ["COMMENT ON COLUMN customers.email IS 'x'", "COMMENT", "Alter", "customers:"],
  ["COMMENT ON FUNCTION risky() IS 'x'", "COMMENT", "Alter", ""],
  ["SECURITY LABEL ON TABLE orders IS 'x'", "SECURITY LABEL", "Alter", ""],
  ["VACUUM (FULL, ANALYZE) orders, lines (id)", "VACUUM", "Maintenance", "orders:Maintenance lines:Maintenance"],
  ["ANALYZE", "ANALYZE", "Maintenance", ""],
  ["CLUSTER customers USING by_name", "CLUSTER", "Maintenance", "customers:Maintenance"],
  ["REINDEX INDEX by_name", "REINDEX", "Maintenance", "by_name:Maintenance"],
  ["REINDEX DATABASE x", "REINDEX", "Maintenance", ""],
  ["CHECKPOINT", "CHECKPOINT", "Maintenance", ""],
  ["LOAD 'x'", "LOAD", "ExecuteCode File", ""],
  ["LISTEN a", "LISTEN", "SessionChange", ""],
  ["NOTIFY a, 'x'", "NOTIFY", "Notify", ""],
  ["DO 'BEGIN END'", "DO", "ExecuteCode", ""],
  ["CREATE EXTENSION hstore", "CREATE EXTENSION", "Create ExecuteCode", ""],
  ["IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y", "IMPORT FOREIGN SCHEMA", "Create Network", ""],
  ["CREATE SERVER x FOREIGN DATA WRAPPER y", "CREATE SERVER", "Create Network", ""],
  ["CREATE FOREIGN TABLE f (a int) SERVER x", "CREATE FOREIGN TABLE", "Create Network", ""],
  ["CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p", "CREATE SUBSCRIPTION", "Create Network", ""],
  ["CREATE DATABASE x", "CREATE DATABASE", "Create", ""],
  ["DROP DATABASE x", "DROP DATABASE", "Drop", ""],
  ["CREATE TABLESPACE x LOCATION '/y'", "CREATE TABLESPACE", "Create File", ""],
  ["CREATE TYPE e AS ENUM ('a')", "CREATE TYPE", "Create", ""],
  ["ALTER TYPE e ADD VALUE 'b'", "ALTER TYPE", "Alter", ""],
  ["CREATE AGGREGATE a (int) (SFUNC = int4pl, STYPE = int)", "CREATE AGGREGATE", "Create", ""],
  ["CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)", "CREATE OPERATOR", "Create", ""],
  ["CREATE CAST (text AS int) WITH INOUT", "CREATE CAST", "Create", ""],
  [
    "CREATE SCHEMA s CREATE TABLE t (a int) CREATE SEQUENCE q GRANT SELECT ON customers TO PUBLIC",
    "CREATE SCHEMA",
    "Create Grant",
    "customers:Grant",
  ],
  ["ALTER SYSTEM SET work_mem = '1GB'", "ALTER SYSTEM", "Alter Maintenance File", ""],
  ["SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS", "Transaction", ""],
  ["CREATE STATISTICS st (dependencies) ON id, name FROM customers", "CREATE STATISTICS", "Create", "customers:Create"],
  ["CREATE PUBLICATION p FOR TABLE customers", "CREATE PUBLICATION", "Create Network Read", "customers:Read"],
])("%s", (text, kind, effects, relations) => {
  const told = understood(text);
  expect({ kind: told.kind, effects: told.effects.join(" "), relations: used(told).join(" ") }).toEqual({
    kind,
    effects,
    relations,
  });
  expect(told.outputs).toBeNull();
});

test.each([
  "ALTER TABLE nosuch ADD COLUMN a int",
  "DROP TABLE nosuch",
  "TRUNCATE nosuch",
  "LOCK TABLE nosuch",
  "CREATE INDEX ON nosuch (a)",
  "COPY nosuch TO STDOUT",
  "GRANT SELECT ON nosuch TO PUBLIC",
  "REFRESH MATERIALIZED VIEW nosuch",
  "COPY customers (nosuch) TO STDOUT",
  "CREATE UNIQUE INDEX ON customers (nosuch)",
])("%s is not understood: the catalogue does not hold what it names", (text) =>
  expect(facts(text)).toMatchObject({ understood: false, syntax: false }),
);

describe("what is defined out of stored values", () => {
  test.each<[string, string[]]>([
    ["CREATE TABLE t AS SELECT email, id + 1 FROM customers", ["email > new relation", "derived > new relation"]],
    [
      "CREATE TEMP TABLE t AS TABLE customers WITH NO DATA",
      ["id > temp table", "email > temp table", "name > temp table", "derived > temp table"],
    ],
    ["SELECT email INTO t FROM customers", ["email > new relation"]],
    ["CREATE MATERIALIZED VIEW m AS SELECT email FROM customers", ["email > materialized view"]],
    ["CREATE OR REPLACE VIEW contact AS SELECT id, email FROM customers", ["id > view", "email > view"]],
    ["CREATE VIEW v AS SELECT 1", ["clean > view"]],
    ["CREATE INDEX ON customers (lower(email))", ["derived > index"]],
    ["ALTER TABLE customers ADD COLUMN copy text GENERATED ALWAYS AS (email) STORED", ["email > new column"]],
    ["ALTER TABLE customers ALTER COLUMN name TYPE text USING email", ["email > name"]],
    ["CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT email FROM customers'", ["unknown > code"]],
    ["CREATE RULE r AS ON INSERT TO orders DO ALSO INSERT INTO lines VALUES (NEW.id)", ["unknown > code"]],
    ["CREATE TRIGGER g BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION tf()", ["unknown > code"]],
    ["CREATE POLICY p ON customers USING (email = current_user)", ["unknown > code"]],
    ["CREATE DATABASE x TEMPLATE y", ["unknown > new database"]],
    ["COPY customers (email) TO '/tmp/x'", ["email > file"]],
    ["COPY (SELECT email FROM customers) TO PROGRAM 'x'", ["email > program"]],
    ["COPY customers (email) TO STDOUT", []],
  ])("%s", (text, flows) => expect(flowing(understood(text))).toEqual(flows));

  test.each<[string, string[]]>([
    ["CREATE VIEW v AS SELECT id FROM customers WHERE email = 'x'", ["customers.email equality WHERE"]],
    ["CREATE TABLE t AS SELECT id FROM customers WHERE email LIKE 'x%'", ["customers.email other WHERE"]],
    ["CREATE UNIQUE INDEX ON customers (name)", ["customers.name other UNIQUE"]],
    ["CREATE INDEX ON orders (id) WHERE total > 5", ["orders.total other WHERE"]],
    ["ALTER TABLE customers ADD CHECK (email LIKE '%@%')", ["customers.email other WHERE"]],
    ["ALTER TABLE customers ADD UNIQUE (name)", ["customers.name other UNIQUE"]],
    ["CREATE TABLE guess (e text REFERENCES customers (email))", ["customers.email other FOREIGN KEY"]],
    ["CREATE TABLE guess (e int, FOREIGN KEY (e) REFERENCES customers)", ["customers.id other FOREIGN KEY"]],
    [
      "ALTER TABLE lines ADD FOREIGN KEY (id) REFERENCES customers (id)",
      ["customers.id other FOREIGN KEY", "lines.id other FOREIGN KEY"],
    ],
    ["ALTER DOMAIN mail ADD CHECK (VALUE <> 'x')", ["mails.m other DOMAIN"]],
    ["ALTER DOMAIN mail SET DEFAULT 'x'", []],
  ])("%s decides by values", (text, predicates) => expect(steering(understood(text))).toEqual(predicates));

  test("a type changed by an expression that leaves the old value out writes every row", () => {
    expect(understood("ALTER TABLE customers ALTER name TYPE text USING NULL").writes).toMatchObject([
      { effect: "Update", filter: "Missing" },
    ]);
    expect(understood("ALTER TABLE customers ALTER name TYPE varchar USING lower(name)").writes).toEqual([]);
  });

  test("expressions that run now count, and those that run when a row is written; those of a view do when it is read", () => {
    const called = (text: string) =>
      understood(text)
        .functions.filter(({ trust }) => trust === "opaque")
        .map(({ name }) => name);
    for (const text of [
      "CREATE TABLE t (a int DEFAULT risky())",
      "CREATE TABLE t (a int CHECK (a > risky()))",
      "CREATE TABLE t (a int, EXCLUDE USING gist ((a + risky()) WITH =))",
      "CREATE TABLE t (a int) PARTITION BY RANGE ((a + risky()))",
      "CREATE TABLE t (LIKE orders, CHECK (id > risky()))",
      "CREATE TABLE t (CHECK (id > risky())) INHERITS (orders)",
      "CREATE TEMP TABLE t (a int DEFAULT coalesce(NULL, risky()))",
      "ALTER TABLE orders ALTER COLUMN id SET DEFAULT risky()",
      "ALTER TABLE orders ADD COLUMN n int CHECK (n > risky() AND id > 0)",
      "CREATE DOMAIN d AS int DEFAULT risky()",
      "CREATE DOMAIN d AS int CHECK (VALUE > risky())",
      "COPY orders FROM STDIN WHERE id > risky()",
    ])
      expect([text, called(text)]).toEqual([text, ["public.risky()"]]);
    expect(called("CREATE VIEW v AS SELECT risky()")).toEqual([]);
    expect(called("ALTER TABLE orders ADD COLUMN n int DEFAULT risky()")).toEqual(["public.risky()"]);
    expect(called("CREATE TABLE t AS SELECT risky()")).toEqual(["public.risky()"]);
    expect(called("CREATE INDEX ON orders ((risky() + id))")).toEqual(["public.risky()"]);
  });
});

describe("settings", () => {
  test.each<[string, object[], boolean]>([
    ["SET search_path = a, 'B c'", [{ name: "search_path", value: 'a, "B c"', scope: "session" }], true],
    ["SET LOCAL Work_Mem TO 64", [{ name: "work_mem", value: "64", scope: "transaction" }], false],
    ["SET TIME ZONE 'UTC'", [{ name: "timezone", value: "UTC", scope: "session" }], false],
    ["SET TIME ZONE INTERVAL '1' HOUR TO MINUTE", [{ name: "timezone", value: null, scope: "session" }], false],
    ["SET NAMES 'latin1'", [{ name: "client_encoding", value: "latin1", scope: "session" }], true],
    ["SET SCHEMA 'x'", [{ name: "search_path", value: "x", scope: "session" }], true],
    [
      "SET standard_conforming_strings = off",
      [{ name: "standard_conforming_strings", value: "off", scope: "session" }],
      true,
    ],
    ["SET ROLE NONE", [{ name: "role", value: "none", scope: "session" }], true],
    ["SET SESSION AUTHORIZATION x", [{ name: "session_authorization", value: "x", scope: "session" }], true],
    ["RESET SESSION AUTHORIZATION", [{ name: "session_authorization", value: null, scope: "session" }], true],
    [
      "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY",
      [
        { name: "transaction_isolation", value: "serializable", scope: "transaction" },
        { name: "transaction_read_only", value: "on", scope: "transaction" },
      ],
      false,
    ],
    [
      "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
      [{ name: "default_transaction_read_only", value: "off", scope: "session" }],
      false,
    ],
    [
      "BEGIN ISOLATION LEVEL REPEATABLE READ",
      [{ name: "transaction_isolation", value: "repeatable read", scope: "transaction" }],
      false,
    ],
    ["RESET ALL", [{ name: "*", value: null, scope: "session" }], true],
    ["RESET x.y", [{ name: "x.y", value: null, scope: "session" }], false],
    ["SET app.who TO DEFAULT", [{ name: "app.who", value: null, scope: "session" }], false],
    ["DISCARD ALL", [{ name: "*", value: null, scope: "session" }], true],
    ["DISCARD PLANS", [], false],
    ["DISCARD TEMP", [], true],
    ["ALTER ROLE x SET search_path = y", [{ name: "search_path", value: "y", scope: "session" }], false],
    ["ALTER DATABASE x RESET ALL", [{ name: "*", value: null, scope: "session" }], false],
  ])("%s", (text, settings, changesResolution) =>
    expect(understood(text)).toMatchObject({ settings, changesResolution }),
  );

  test("SHOW tells a clean text, unless code may have set it", () => {
    expect(understood("SHOW search_path").outputs).toEqual([
      { name: null, lineage: { kind: "clean" }, origin: { table: 0, column: 0 } },
    ]);
    expect(understood("SHOW app.last").outputs).toMatchObject([{ lineage: { kind: "unknown" } }]);
    expect(understood("SHOW ALL").outputs!.map(({ name }) => name)).toEqual(["name", "setting", "description"]);
  });
});

test.each<[string, string, object | undefined]>([
  ["BEGIN", "BEGIN", { do: "begin" }],
  ["START TRANSACTION READ ONLY", "START TRANSACTION", { do: "begin" }],
  ["COMMIT AND CHAIN", "COMMIT", { do: "commit", chain: true }],
  ["END", "COMMIT", { do: "commit", chain: false }],
  ["ABORT", "ROLLBACK", { do: "rollback", chain: false }],
  ["SAVEPOINT a", "SAVEPOINT", { do: "savepoint" }],
  ["RELEASE a", "RELEASE", { do: "release" }],
  ["ROLLBACK TO a", "ROLLBACK", { do: "rollback to" }],
  ["PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION", { do: "prepare" }],
  ["COMMIT PREPARED 'x'", "COMMIT PREPARED", { do: "commit prepared" }],
  ["ROLLBACK PREPARED 'x'", "ROLLBACK PREPARED", { do: "rollback prepared" }],
])("%s controls the transaction and takes no snapshot", (text, kind, transaction) => {
  expect(understood(text)).toMatchObject({ kind, transaction, effects: ["Transaction"], takesSnapshot: false });
});

describe("names of the session", () => {
  const prepared = (name: string) => (name === "p" ? facts("SELECT email FROM customers WHERE id = $1") : undefined);
  const cursor = (name: string) => (name === "c" ? facts("SELECT email FROM customers") : undefined);
  const copied = [{ name: "email", lineage: { kind: "copy" } }];

  test("PREPARE and DECLARE are judged by what is inside and return nothing", () => {
    expect(understood("PREPARE p AS DELETE FROM orders")).toMatchObject({
      kind: "PREPARE",
      outputs: null,
      writes: [{ effect: "Delete", filter: "Missing" }],
      name: { do: "prepare", name: "p", statement: { kind: "DELETE" } },
    });
    expect(understood("DECLARE c CURSOR WITH HOLD FOR SELECT email FROM customers")).toMatchObject({
      kind: "DECLARE CURSOR",
      outputs: null,
      name: { do: "declare", name: "c", hold: true, statement: { outputs: copied } },
    });
    expect(understood("DECLARE c BINARY SCROLL CURSOR FOR SELECT 1").name).toMatchObject({ hold: false });
  });

  test("EXECUTE and FETCH have the facts of what they name, and none without it", () => {
    expect(understood("EXECUTE p(1)", { prepared })).toMatchObject({
      kind: "EXECUTE",
      outputs: copied,
      name: { do: "execute", name: "p" },
    });
    expect(understood("EXECUTE p(risky())", { prepared }).functions).toMatchObject([
      { name: "public.risky()", trust: "opaque" },
    ]);
    expect(understood("FETCH 5 FROM c", { cursor })).toMatchObject({
      kind: "FETCH",
      outputs: copied,
      name: { do: "fetch", name: "c" },
      takesSnapshot: false,
    });
    expect(understood("MOVE c", { cursor })).toMatchObject({ kind: "MOVE", outputs: null, name: { do: "move" } });
    expect([facts("EXECUTE q", { prepared }), facts("FETCH d", { cursor })]).toMatchObject([
      { understood: false },
      { understood: false },
    ]);
    expect(facts("EXECUTE p", { prepared: () => facts("COMMIT") })).toMatchObject({ understood: false });
    expect(flowing(understood("CREATE TABLE t AS EXECUTE p(1)", { prepared }))).toEqual(["email > new relation"]);
    expect(understood("EXPLAIN ANALYZE EXECUTE p(1)", { prepared })).toMatchObject({
      explain: { analyze: true },
      outputs: [{ lineage: { kind: "derived" } }],
    });
  });

  test("DEALLOCATE, CLOSE and DISCARD ALL drop", () => {
    const name = (text: string) => understood(text).name;
    expect([
      name("DEALLOCATE p"),
      name("DEALLOCATE ALL"),
      name("CLOSE c"),
      name("CLOSE ALL"),
      name("DISCARD ALL"),
    ]).toEqual([
      { do: "deallocate", name: "p" },
      { do: "deallocate", name: null },
      { do: "close", name: "c" },
      { do: "close", name: null },
      { do: "discard" },
    ]);
  });
});

describe("EXPLAIN", () => {
  test("runs nothing without ANALYZE, and its plan is clean unless compared columns steer it", () => {
    expect(understood("EXPLAIN DELETE FROM orders")).toMatchObject({
      kind: "EXPLAIN",
      effects: [],
      writes: [],
      explain: { analyze: false, verbose: false },
      outputs: [{ name: "QUERY PLAN", lineage: { kind: "clean" } }],
    });
    expect(understood("EXPLAIN (COSTS off) SELECT email FROM customers").outputs).toMatchObject([
      { lineage: { kind: "clean" } },
    ]);
    expect(understood("EXPLAIN SELECT id FROM customers WHERE email = 'x'").outputs).toMatchObject([
      { lineage: { kind: "derived", columns: [{ column: "email" }, { column: "id" }] } },
    ]);
  });

  test("costs tell how wide the values are of every column that is read", () => {
    const read = (text: string) => {
      const { lineage } = understood(text).outputs![0]!;
      return lineage.kind === "derived" ? lineage.columns.map(({ column }) => column) : lineage.kind;
    };
    expect(read("EXPLAIN SELECT count(*) FROM (SELECT email FROM customers OFFSET 0) x")).toEqual(["email"]);
    expect(read("EXPLAIN SELECT count(*) FROM (SELECT c FROM customers c OFFSET 0) x")).toContain("email");
    expect(read("EXPLAIN SELECT count(*) FROM (SELECT * FROM contact OFFSET 0) x")).toContain("email");
    expect(read("EXPLAIN SELECT count(*) FROM (SELECT id FROM customers OFFSET 0) x")).toEqual(["id"]);
    expect(read("EXPLAIN SELECT count(*) FROM customers")).toBe("clean");
    expect(read("EXPLAIN (COSTS off) SELECT count(*) FROM (SELECT email FROM customers OFFSET 0) x")).toBe("clean");
    expect(read("EXPLAIN CREATE TABLE made AS SELECT 1 FROM customers")).toContain("email");
    expect(understood("EXPLAIN SELECT email FROM customers").outputs).toMatchObject([
      { lineage: { kind: "derived", columns: [{ column: "email" }] } },
    ]);
  });

  test("with ANALYZE it does what is inside; with ANALYZE or VERBOSE its plan tells of the result", () => {
    expect(understood("EXPLAIN (ANALYZE, COSTS off) DELETE FROM orders")).toMatchObject({
      effects: expect.arrayContaining(["Delete"]),
      writes: [{ effect: "Delete", filter: "Missing" }],
    });
    expect(understood("EXPLAIN VERBOSE SELECT email FROM customers")).toMatchObject({
      explain: { verbose: true },
      outputs: [{ lineage: { kind: "derived" } }],
    });
    expect(understood("EXPLAIN (ANALYZE false, VERBOSE 0) SELECT email FROM customers").explain).toEqual({
      analyze: false,
      verbose: false,
    });
    expect(understood("EXPLAIN ANALYZE CREATE TABLE t AS SELECT email FROM customers")).toMatchObject({
      changesCatalog: true,
      flows: [{ to: "new relation" }],
    });
  });

  test("with an option that is not known it is not understood", () =>
    expect(facts("EXPLAIN (RANGE_TABLE) SELECT 1")).toMatchObject({ understood: false }));
});

describe("COPY", () => {
  const plain = {
    delimiter: "\t",
    nullText: "\\N",
    quote: "",
    escape: "",
    header: false,
    encoding: null,
    forceQuote: [],
  };
  const csv = {
    format: "csv",
    delimiter: ",",
    nullText: "",
    quote: '"',
    escape: '"',
    header: false,
    encoding: null,
    forceQuote: [],
  };
  test.each<[string, object]>([
    ["COPY customers TO STDOUT", { direction: "out", place: "client", format: "text", ...plain, types: [23, 25, 25] }],
    [
      "COPY customers (email, id) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE (id), DELIMITER ';', NULL 'nil', QUOTE '''', ESCAPE '!')",
      {
        ...csv,
        header: true,
        forceQuote: [1],
        delimiter: ";",
        nullText: "nil",
        quote: "'",
        escape: "!",
        types: [25, 23],
      },
    ],
    [
      "COPY customers TO STDOUT CSV HEADER QUOTE '''' FORCE QUOTE email, name",
      { ...csv, header: true, quote: "'", escape: "'", forceQuote: [1, 2] },
    ],
    [
      "COPY customers TO STDOUT WITH DELIMITER '|' NULL AS 'x'",
      { ...plain, format: "text", delimiter: "|", nullText: "x" },
    ],
    ["COPY customers TO STDOUT WITH CSV FORCE QUOTE *", { ...csv, forceQuote: "*" }],
    ["COPY BINARY customers TO STDOUT", { format: "binary" }],
    ["COPY customers TO STDOUT WITH BINARY", { format: "binary" }],
    ["COPY customers TO STDOUT (FORMAT 'binary')", { format: "binary" }],
    ["COPY customers TO STDOUT USING DELIMITERS ':'", { delimiter: ":" }],
    [
      "COPY (SELECT email, total, 1 AS one FROM customers, orders) TO STDOUT (FORMAT csv, FORCE_QUOTE (one))",
      { ...csv, forceQuote: [2], types: [25, 1700, 0] },
    ],
    ["COPY customers TO STDOUT (FORMAT csv, HEADER off)", { header: false }],
    ["COPY customers TO STDOUT (FORMAT csv, HEADER 1, ENCODING 'UTF-8')", { header: true }],
    [
      "COPY customers FROM STDIN (FORMAT csv, HEADER match)",
      { direction: "in", place: "client", header: true, types: [23, 25, 25] },
    ],
    ["COPY customers (email) FROM '/x' CSV", { direction: "in", place: "file", types: [25] }],
    ["COPY customers TO PROGRAM 'x'", { direction: "out", place: "program" }],
  ])("%s", (text, copy) => expect(understood(text).copy).toMatchObject(copy));

  test("out of a table it returns the stored columns, and out of a query what that returns", () => {
    const columns = (text: string) => understood(text).outputs!.map(({ name, lineage }) => `${name}:${lineage.kind}`);
    expect(columns("COPY customers TO STDOUT")).toEqual(["id:copy", "email:copy", "name:copy"]);
    expect(columns("COPY customers (initial) TO STDOUT")).toEqual(["initial:derived"]);
    expect(columns("COPY (SELECT lower(email) AS x FROM customers) TO STDOUT")).toEqual(["x:derived"]);
    expect(understood("COPY (DELETE FROM orders RETURNING id) TO STDOUT")).toMatchObject({
      writes: [{ effect: "Delete", filter: "Missing" }],
      effects: expect.arrayContaining(["CopyOut", "Delete"]),
    });
  });

  test("into a table it inserts; files and programs are told", () => {
    expect(understood("COPY orders FROM STDIN WHERE total > 5")).toMatchObject({
      kind: "COPY",
      outputs: null,
      predicates: [],
      effects: ["CopyIn", "Insert"],
      writes: [{ effect: "Insert" }],
    });
    expect(understood("COPY orders FROM PROGRAM 'x'").effects).toEqual(["CopyIn", "File", "ExecuteCode", "Insert"]);
    expect(understood("COPY customers TO '/x'").effects).toEqual(["Read", "CopyOut", "File"]);
  });

  test.each([
    "(FORMAT json)",
    "(FORMAT csv, FORCE_QUOTE (nosuch))",
    "(ENCODING 'SJIS')",
    "(ENCODING 'GB18030')",
    "(NEW_OPTION)",
    "(FORMAT csv, HEADER maybe)",
  ])("COPY customers TO STDOUT %s is not understood", (options) => {
    expect(facts(`COPY customers TO STDOUT ${options}`)).toMatchObject({ understood: false });
  });
});

test("CALL tells the procedure, its arguments' functions and its OUT arguments", () => {
  const told = understood("CALL work(risky())");
  expect(told).toMatchObject({
    kind: "CALL",
    effects: ["ExecuteCode"],
    changesCatalog: true,
    outputs: [{ name: "a", lineage: { kind: "unknown" } }],
  });
  expect(told.functions).toMatchObject([
    { name: "public.work(integer)", trust: "opaque" },
    { name: "public.risky()", trust: "opaque" },
  ]);
});

test("without a catalogue names are told as written and columns are not understood", () => {
  const blind = { snapshot: null, resolution: null };
  expect(used(understood("DROP TABLE shop.x, y", blind))).toEqual(["shop.x:Drop", ".y:Drop"]);
  expect(understood("TRUNCATE x", blind).writes).toMatchObject([
    { effect: "Truncate", relation: { oid: 0, name: "x" } },
  ]);
  expect(facts("COPY x TO STDOUT", blind)).toMatchObject({ understood: false });
  expect(facts("DROP SCHEMA shop CASCADE", blind)).toMatchObject({ understood: false });
});

test("DDL changes the catalogue; what reads, sets or locks does not", () => {
  const changes = (text: string) => understood(text).changesCatalog;
  expect(
    [
      "CREATE TABLE t (a int)",
      "ALTER TABLE orders ADD a int",
      "DROP VIEW contact",
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "DO ''",
      "CREATE SCHEMA s",
      "COMMIT PREPARED 'x'",
      "CREATE INDEX ON orders (id)",
      "ALTER TYPE pair ADD ATTRIBUTE c int",
      "DROP OWNED BY a",
    ].map(changes),
  ).toEqual(Array(10).fill(true));
  expect(
    [
      "SET a.b = 1",
      "SHOW x",
      "LOCK orders",
      "TRUNCATE orders",
      "COPY orders TO STDOUT",
      "VACUUM",
      "EXPLAIN SELECT 1",
      "BEGIN",
      "NOTIFY x",
      "GRANT SELECT ON orders TO PUBLIC",
      "COMMENT ON TABLE orders IS ''",
      "REINDEX TABLE orders",
    ].map(changes),
  ).toEqual(Array(12).fill(false));
});
