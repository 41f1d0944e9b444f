import fc from "fast-check";
import { canonicalJson } from "../../pkg/audit/canonical-json.ts";
import { append, type ChainPosition, GENESIS, newChain, type RecordBody } from "../../pkg/audit/chain.ts";
import type { AuditEvent, DecisionEvent } from "../../pkg/audit/event.ts";
import { RECORD_START } from "../../pkg/audit/line.ts";
import { RecordEncoder } from "../../pkg/audit/record.ts";
import { contextOf, unknownContext } from "../../pkg/audit/record-context.ts";
import { RecordWriter } from "../../pkg/audit/record-writer.ts";
import { agent, ana, decision, digest, facts, outcome, place, session } from "./fixtures.ts";
import type { Json } from "./spool-lines.ts";

const encoder = new RecordEncoder({ place, productVersion: "0.1.0", digest });
const at: ChainPosition = { chain: "c".repeat(32), number: 41, previous: "a".repeat(64), timeMs: 1_800_000_000_123 };

function written(write: (out: RecordWriter) => void): string {
  const out = new RecordWriter();
  write(out);
  return out.bytes().toString();
}

const encoded = (event: AuditEvent): string => written((out) => encodeTo(event, out));

function encodeTo(event: AuditEvent, out: RecordWriter): void {
  switch (event.event) {
    case "decision":
      return encoder.decision(event, contextOf(event), at, out);
    case "outcome":
      return encoder.outcome(event, contextOf(decision(event.statement)), 4, at, out);
    case "session":
      return encoder.session(event, contextOf(event), at, out);
    case "policy":
      return encoder.policy(event, at, out);
    default:
      return event satisfies never;
  }
}

const recorded = (event: AuditEvent): Json => JSON.parse(encoded(event));

test("a masked read is an OCSF Datastore Activity that says who read what under which rule", () => {
  const record = recorded(
    decision(7, {
      principal: agent,
      masks: [{ column: 0, method: "Partial", class: "PII.EMAIL" }],
      rules: [{ policy: "shop/customer-privacy", rule: "mask" }],
    }),
  );
  expect(record).toMatchObject({
    class_uid: 6005,
    category_uid: 6,
    activity_id: 4,
    type_uid: 600504,
    severity_id: 1,
    action_id: 4,
    disposition_id: 11,
    time: 1_800_000_000_123,
    actor: {
      user: {
        name: "report-writer",
        uid: "https://id.example.com/report-writer",
        type: "Agent",
        account: { name: "agents" },
      },
    },
    database: { name: "shop", type_id: 1 },
    src_endpoint: { ip: "10.1.2.3", port: 40112 },
    policy: { uid: "shop/customer-privacy/mask", version: "sha256:0a1b" },
    query_info: { query_string: "SELECT email FROM customers WHERE id = $1", uid: "00112233445566778899aabbccddeeff" },
    metadata: {
      version: "1.8.0",
      product: { name: "Weir" },
      profiles: ["security_control"],
      sequence: 41,
      uid: `${at.chain}/41`,
      correlation_uid: "5e55/7",
    },
  });
  expect(record.unmapped.weir).toMatchObject({
    kind: "decision",
    verdict: "allow",
    chain: { uid: at.chain, previous: at.previous },
    place: { cluster: "eu-1", namespace: "shop", environment: "production", workload: "orders", instance: "orders-0" },
    facts,
    masks: [{ column: 0, method: "Partial", class: "PII.EMAIL" }],
    who: {
      assurance: "L3",
      client: "report-writer-7",
      service_account: "ai/report-writer",
      acting_for: [{ assurance: "L2", user: { name: "ana@example.com" } }],
    },
    claims: { application: "psql" },
  });
  expect(record.query_info.data).toBeUndefined();
});

test.each([
  [
    "refuse",
    {
      action_id: 2,
      disposition_id: 2,
      status_id: 2,
      severity_id: 3,
      status_code: "42501",
      status_detail: "DROP is not allowed here",
    },
  ],
  ["hold", { action_id: 0, disposition_id: 14, status_id: 0, severity_id: 2 }],
  ["observe", { action_id: 3, disposition_id: 17, status_id: 1, severity_id: 1 }],
  ["allow", { action_id: 1, disposition_id: 1, status_id: 1, severity_id: 1 }],
] as const)("the verdict %s reads in OCSF as %p", (verdict, members) => {
  const told = verdict === "refuse" ? { sqlstate: "42501", reason: "DROP is not allowed here" } : {};
  expect(recorded(decision(1, { verdict, ...told }))).toMatchObject(members);
});

test.each([
  ["completed", 1],
  ["failed", 2],
  ["cancelled", 2],
  ["unknown", 0],
  ["skipped", 99],
] as const)("an outcome %s has the OCSF status %d and is linked to its decision", (status, id) => {
  const record = recorded(
    outcome(9, { status, sqlstate: status === "failed" ? "23505" : null, rows: 12, maskedCells: 3 }),
  );
  expect(record).toMatchObject({
    class_uid: 6005,
    type_uid: 600504,
    status,
    status_id: id,
    metadata: { correlation_uid: "5e55/9" },
  });
  expect(record.unmapped.weir).toMatchObject({
    kind: "outcome",
    session: "5e55",
    statement: 9,
    rows: 12,
    masked_cells: 3,
    duration_us: 850,
  });
});

test("sessions are OCSF Authentication events, refused ones too", () => {
  expect(recorded(session("open"))).toMatchObject({
    class_uid: 3002,
    type_uid: 300201,
    status_id: 1,
    is_cleartext: false,
    user: { name: "ana@example.com" },
  });
  expect(recorded(session("close"))).toMatchObject({ class_uid: 3002, type_uid: 300202 });
  expect(
    recorded(session("refused", { principal: null, reason: "no policy bundle was received yet", tls: false })),
  ).toMatchObject({
    type_uid: 300201,
    status_id: 2,
    is_cleartext: true,
    status_detail: "no policy bundle was received yet",
    user: { name: "unknown" },
  });
});

test.each([
  [["Read"], 4],
  [["Read", "Update"], 2],
  [["Insert", "Read"], 5],
  [["Delete", "Update"], 7],
  [["Drop"], 7],
  [["Create"], 6],
  [["SessionChange"], 99],
])("a statement with effects %p is OCSF activity %d", (effects, activity) => {
  expect(recorded(decision(1, { facts: { understood: true, effects } })).activity_id).toBe(activity);
});

test("what is not understood is activity 0, never an empty read", () => {
  expect(recorded(decision(1, { facts: null })).activity_id).toBe(0);
});

const text = fc.string({ unit: "binary", maxLength: 40 });
const principals = fc.oneof(
  fc.constant(ana),
  fc.constant(agent),
  fc.record({
    kind: fc.constantFrom("Human", "Service"),
    name: text,
    issuer: text,
    groups: fc.array(text, { maxLength: 3 }),
    assurance: fc.constant("L1"),
    login: text,
  }),
);
const decisions = fc.record({
  statement: fc.nat(),
  session: text,
  principal: principals,
  database: text,
  client: fc.oneof(text, fc.constant("[::1]:5432")),
  application: fc.option(text),
  step: fc.constantFrom("query", "parse", "execute", "commit"),
  verdict: fc.constantFrom("allow", "refuse", "hold", "observe"),
  reason: fc.option(text),
  sqlstate: fc.option(fc.constantFrom("42501", "WR001")),
  facts: fc.jsonValue({ maxDepth: 3 }),
  rules: fc.array(fc.record({ policy: text, rule: text }), { maxLength: 3 }),
  masks: fc.array(fc.record({ column: fc.nat(), method: text, class: text }), { maxLength: 3 }),
  text: fc.oneof(
    fc.record({ form: fc.constant("normalized" as const), text, fingerprint: text }),
    fc.record({ form: fc.constant("digest" as const), hmac: text, fingerprint: fc.option(text) }),
  ),
  policyVersion: text,
}) as fc.Arbitrary<Partial<DecisionEvent> & { statement: number; session: string }>;

test("every record is canonical as written: the template's order is the generic encoder's", () => {
  fc.assert(
    fc.property(
      decisions,
      fc.constantFrom("open", "close", "refused"),
      fc.option(text),
      fc.double(),
      (parts, phase, reason, durationUs) => {
        const decided = decision(parts.statement, parts);
        const events: AuditEvent[] = [
          decided,
          outcome(parts.statement, {
            session: parts.session,
            durationUs,
            status: "failed",
            sqlstate: parts.sqlstate ?? null,
          }),
          session(phase as "open", { session: parts.session, principal: decided.principal, reason }),
          { event: "policy", version: parts.policyVersion ?? "", reason: reason ?? "" },
        ];
        for (const event of events) {
          const line = encoded(event);
          expect(canonicalJson(JSON.parse(line))).toBe(line);
        }
      },
    ),
  );
});

test("records of the chain itself are canonical too", () => {
  const predecessor = {
    chain: "d".repeat(32),
    number: 3,
    hash: "e".repeat(64),
    knownNumber: 9,
    why: "lost",
    detail: "six records are missing",
  } as const;
  for (const event of [
    { event: "chain", phase: "begin", predecessor, keyId: "0011" },
    { event: "chain", phase: "resume", cleanly: false, tornBytes: 12, openDecisions: 2, keyId: "0011" },
    { event: "chain", phase: "gap", unrecorded: 4, sinceMs: 1, untilMs: 2, cause: "disk full" },
    { event: "chain", phase: "close", reason: "SIGTERM" },
  ] as const) {
    const line = written((out) => encoder.chainEvent(event, at, out));
    expect(canonicalJson(JSON.parse(line))).toBe(line);
  }
});

test("an ending never takes more bytes than were kept free for it", () => {
  const lineBytes = (record: string) => RECORD_START + Buffer.byteLength(record) + 2;
  const worst = { status: "completed", sqlstate: "42501", rows: Number.MAX_SAFE_INTEGER } as const;
  const large = { maskedCells: Number.MAX_SAFE_INTEGER, durationUs: Number.MAX_SAFE_INTEGER };
  const late = { ...at, number: Number.MAX_SAFE_INTEGER };
  fc.assert(
    fc.property(decisions, text, (parts, reason) => {
      const context = contextOf(decision(parts.statement, parts));
      const ended = written((out) =>
        encoder.outcome(outcome(Number.MAX_SAFE_INTEGER, { ...worst, ...large }), context, 99, late, out),
      );
      expect(lineBytes(ended)).toBeLessThanOrEqual(encoder.outcomeBytes(context));
      const closed = written((out) =>
        encoder.session(session("close", { reason: reason.repeat(1000) }), context, late, out),
      );
      expect(lineBytes(closed)).toBeLessThanOrEqual(encoder.sessionEndBytes(context));
    }),
  );
});

describe("no literal in a record", () => {
  // Not a word of it may be found again: neither whole nor its halves.
  const canary = "CANARY-4111";
  const holds = (event: DecisionEvent) => encoded(event).includes("CANARY");

  test.each([
    ["a json path", { outputs: [{ lineage: { kind: "copy", column: {}, path: ["profile", canary] } }] }],
    ["a setting's value", { settings: [{ name: "app.user", value: canary, scope: "session" }] }],
    [
      "COPY options",
      { copy: { direction: "out", delimiter: canary, nullText: canary, quote: canary, escape: canary } },
    ],
    ["the grammar's complaint", { understood: false, why: `syntax error at or near "${canary}"` }],
    [
      "a statement inside PREPARE",
      { name: { do: "prepare", name: "p", statement: { settings: [{ name: "x", value: canary }] } } },
    ],
  ])("facts with a canary in %s", (_, leaky) => {
    expect(holds(decision(1, { facts: leaky }))).toBe(false);
  });

  test("the reason of a statement that is not proven free of literals", () => {
    const reason = `invalid input syntax for type integer: "${canary}"`;
    expect(holds(decision(1, { text: { form: "digest", hmac: digest.of(canary), fingerprint: null }, reason }))).toBe(
      false,
    );
  });

  test("facts of any shape with canaries in whatever stems from a literal", () => {
    const literal = fc.constantFrom(canary, `${canary}'`, `x${canary}`);
    const leak = fc.oneof(
      fc.record({ path: fc.array(literal, { minLength: 1, maxLength: 3 }) }),
      fc.record({ settings: fc.array(fc.record({ name: fc.constant("x"), value: literal }), { maxLength: 2 }) }),
      fc.record({ copy: fc.record({ delimiter: literal, nullText: literal, quote: literal, escape: literal }) }),
      fc.record({ kind: fc.constant("unknown"), why: literal.map((text) => `near "${text}"`) }),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leak,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("outputs", "lineage", "flows", "statement", "name"), tie("tree")),
      ),
    }));
    fc.assert(fc.property(tree, (leaky) => expect(holds(decision(1, { facts: leaky }))).toBe(false)));
  });

  test("equal paths have equal digests, so that a replay with the key still decides", () => {
    const pathOf = (path: readonly string[]) => recorded(decision(1, { facts: { path } })).unmapped.weir.facts.path;
    expect(pathOf(["kyc"])).toEqual(pathOf(["kyc"]));
    expect(pathOf(["kyc"])[0]).toMatch(/^#[0-9a-f]{32}$/);
  });

  test("what a client says of itself stands only under claims", () => {
    const record = recorded(decision(1, { application: canary }));
    expect(record.unmapped.weir.claims).toEqual({ application: canary, database: "orders" });
    delete record.unmapped.weir.claims;
    expect(JSON.stringify(record)).not.toContain(canary);
  });
});

test("facts without end are left out and said to be", () => {
  const outputs = Array.from({ length: 10_000 }, (_, index) => ({ name: `column_${index}` }));
  expect(recorded(decision(1, { facts: { effects: ["Read"], outputs } })).unmapped.weir.facts.omitted).toMatch(
    /^\d+ characters of facts$/,
  );
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  expect(recorded(decision(1, { facts: ring })).unmapped.weir.facts).toEqual({
    omitted: "facts that are not plain data",
  });
});

test("a chain links the exact bytes", () => {
  const body: RecordBody = (at, out) => encoder.decision(decision(1), unknownContext("5e55"), at, out);
  const first = append(newChain("f".repeat(32)), body, 1);
  const second = append(first.state, body, 2);
  expect(JSON.parse(first.bytes.toString()).unmapped.weir.chain.previous).toBe(GENESIS);
  expect(JSON.parse(second.bytes.toString()).unmapped.weir.chain.previous).toBe(first.hash);
  expect([first.number, second.number]).toEqual([0, 1]);
});

test("a decision tells the trace that its statement belongs to, also where the rest of the record is kept", () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const event = decision(1);
  const context = contextOf(event);
  const told = [traceparent, null, traceparent].map((each) =>
    written((out) => encoder.decision({ ...event, traceparent: each }, context, at, out)),
  );
  expect(told.map((line) => JSON.parse(line).unmapped.weir.traceparent)).toEqual([traceparent, undefined, traceparent]);
  for (const line of told) expect(canonicalJson(JSON.parse(line))).toBe(line);
});
