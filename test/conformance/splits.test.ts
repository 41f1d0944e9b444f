// Any split of the byte streams gives the same frames, decisions and records (invariant 6): sessions recorded against a real
// server, replayed through the gate cut at every byte, at one byte, and at random.
import fc from "fast-check";
import {
  bind,
  copyData,
  copyDone,
  copyFail,
  describe as describeMessage,
  execute,
  flush,
  functionCall,
  parse,
  query,
  sync,
} from "../support/messages.ts";
import { compilePolicies } from "../support/policies.ts";
import { type Recorded, recordSession, replay } from "../support/recorded-session.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import { makeWorlds, STRICT_POLICY } from "../support/worlds.ts";
import { BEFORE } from "./refusals.ts";

const run = (sql: string) => [parse("", sql), bind(), describeMessage("P"), execute()];
const all = (...messages: readonly (Buffer | readonly Buffer[])[]) => Buffer.concat(messages.flat());

/** Each is one client's writes. */
const sessions: Readonly<Record<string, readonly Buffer[]>> = {
  simple: [
    query(
      "SELECT id, name FROM orders JOIN customers ON customers.id = customer_id ORDER BY 1".replace(
        "id, name",
        "orders.id, name",
      ),
    ),
    query("SELECT 1; SELECT 2;; SELECT 1/0; SELECT 3"),
    query(""),
    query("SELEC"),
  ],
  "masked rows": [
    query("SELECT id, email, ssn, born FROM customers ORDER BY id"),
    all(run("SELECT * FROM customers ORDER BY id"), sync()),
    all(
      parse("s", "SELECT email FROM customers WHERE id = $1"),
      bind({ statement: "s", values: ["1"], results: [1] }),
      execute(),
      sync(),
    ),
  ],
  "masked COPY": [
    query("COPY (SELECT id, email FROM customers ORDER BY id) TO STDOUT"),
    query("COPY (SELECT email FROM customers ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"),
  ],
  refused: [
    query("DELETE FROM scratch"),
    query("SELECT 1; DELETE FROM scratch; SELECT 2"),
    all(run("SELECT 1"), run("DELETE FROM scratch"), run("SELECT 2"), sync(), run("SELECT 3"), sync()),
    query("SELECT count(*) FROM customers WHERE email = 'x'"),
  ],
  "in a transaction": [
    query("BEGIN"),
    query("INSERT INTO scratch VALUES (7, 'seven')"),
    query("DELETE FROM scratch"),
    query("SELECT 1"),
    query("ROLLBACK"),
  ],
  "too many rows": [
    all(run("SELECT id FROM orders ORDER BY id"), sync()),
    all(run("INSERT INTO scratch VALUES (8)"), run("SELECT id FROM orders"), run("SELECT 2"), sync()),
  ],
  pipeline: [
    all(
      parse("p", "SELECT id FROM products WHERE id < $1 ORDER BY id"),
      ...[2, 3, 4].map((n) => all(bind({ statement: "p", values: [String(n)] }), execute("", 2), flush())),
      sync(),
      query("SELECT 'x'"),
      sync(),
    ),
  ],
  "COPY in": [
    all(query("COPY scratch FROM STDIN")),
    all(copyData("20\ttwenty\n21\t"), copyData("twenty-one\n"), copyDone()),
    query("COPY scratch FROM STDIN"),
    all(copyData("22\tx\n"), copyFail("no")),
  ],
  "other messages": [
    functionCall(1765, ["audit_log_id_seq", "5", "t"]),
    all(parse("d", "SELECT 1"), sync(), query("DEALLOCATE d"), bind({ statement: "d" }), execute(), sync()),
    query("SET application_name = 'x'"),
    query("LISTEN ch"),
    query("NOTIFY ch, 'y'"),
    query("BEGIN; DECLARE c CURSOR FOR SELECT email FROM customers ORDER BY id"),
    query("FETCH 2 FROM c"),
    query("COMMIT"),
  ],
  malformed: [query("SELECT 1"), all(query("SELECT 2"), Buffer.from("Q\0\0\0\x01"))],
};

const policies = {
  none: {},
  rules: {
    "strict.yaml": STRICT_POLICY.replace("predicates: Deny", "predicates: AllowEquality"),
    "rules.yaml": BEFORE.replace("rowsOver: 3", "rowsOver: 25"),
  },
};
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer(["app", "analyst"]);
  await makeWorlds(server);
});
afterAll(() => server?.stop());

const cases = Object.entries(sessions).flatMap(([name, writes]) =>
  Object.entries(policies).map(([policy, files]) => [`${name}, policy: ${policy}`, writes, files] as const),
);

describe.each(cases)("%s", (_, writes, files) => {
  let recorded: Recorded;
  beforeAll(async () => {
    recorded = await recordSession(
      { port: server.port, user: "analyst", password: PASSWORD, database: "world_a" },
      compilePolicies(files, server.port),
      writes,
    );
  });

  test("replayed as it was", () => {
    expect(recorded.outcome.down.length).toBeGreaterThan(0);
    expect(replay(recorded, () => [])).toEqual(recorded.outcome);
  });

  test("one byte at a time", () => {
    expect(replay(recorded, (bytes) => Array.from({ length: bytes - 1 }, (_, n) => n + 1))).toEqual(recorded.outcome);
  });

  test("cut once at each of many places, and at random", () => {
    const longest = Math.max(...recorded.events.map(({ bytes }) => bytes.length));
    const cuts = fc
      .array(fc.integer({ min: 1, max: longest }), { maxLength: 12 })
      .map((places) => [...new Set(places)].sort((a, b) => a - b));
    fc.assert(
      fc.property(cuts, (places) => {
        expect(replay(recorded, (bytes) => places.filter((place) => place < bytes))).toEqual(recorded.outcome);
      }),
      { numRuns: Number(process.env.WEIR_TEST_RUNS ?? 25) },
    );
  });
});
