// What the rows say of real records, and what is left of records that nobody should send.
import { type SegmentRows, segmentRows } from "../../pkg/store/segment-rows.ts";
import { agent, decision, facts, outcome, session } from "../audit/fixtures.ts";
import { ChainMaker } from "../collector/chain-maker.ts";

const place = { entry: 4, chain: "a".repeat(32), cluster: "eu-1", environment: "production", namespace: "shop" };
const email = { relation: 16384, attnum: 2, schema: "public", table: "customers", column: "email" };
const name = { ...email, attnum: 3, column: "name" };

function rowsOf(maker: ChainMaker): SegmentRows {
  return segmentRows(place, 0, maker.records);
}

function touched(rows: SegmentRows) {
  return rows.columns.map(({ column, access, shown, method, class: of }) => [column, access, shown, method, of]);
}

const selected = {
  ...facts,
  outputs: [
    { name: "email", lineage: { kind: "copy", column: email } },
    { name: "name", lineage: { kind: "copy", column: name } },
    { name: "length", lineage: { kind: "derived", columns: [name] } },
  ],
  predicates: [{ column: name }],
};

test("each column says whether it was shown, masked, computed with, only filtered by, or refused", () => {
  const masks = [{ column: 0, method: "Partial", class: "PII.EMAIL" }];
  const maker = new ChainMaker(place.chain).statement(decision(1, { facts: selected, masks }), outcome(1));
  expect(touched(rowsOf(maker))).toEqual([
    ["email", "Read", "Masked", "Partial", "PII.EMAIL"],
    ["name", "Read", "Clear", null, null],
    ["name", "Read", "Derived", null, null],
    ["name", "Filter", "None", null, null],
  ]);
  const refused = new ChainMaker(place.chain).statement(decision(1, { facts: selected, verdict: "refuse" }), null);
  expect(touched(rowsOf(refused)).map(([, access, shown]) => [access, shown])).toEqual([
    ["Read", "Refused"],
    ["Read", "Refused"],
    ["Read", "Refused"],
    ["Filter", "Refused"],
  ]);
});

test("a record that names the facts of an earlier one has its columns too", () => {
  const maker = new ChainMaker(place.chain).statements(3);
  const later = JSON.parse(maker.records[4]!.toString());
  later.unmapped.weir.facts = { record: 0 };
  maker.records[4] = Buffer.from(JSON.stringify(later));
  const { columns, decisions, outcomes } = rowsOf(maker);
  expect(columns.map(({ number }) => number)).toEqual([0, 2, 4]);
  expect([decisions.length, outcomes.length]).toEqual([3, 3]);
});

test("an agent is told with the person it acts for, and a write with what it changes", () => {
  const written = {
    ...{ understood: true, kind: "UPDATE", effects: ["Update"], outputs: [], predicates: [{ column: name }] },
    relations: [
      { oid: 16384, schema: "public", name: "customers", kind: "table", temporary: false, access: ["Update"] },
    ],
    writes: [{ effect: "Update", filter: "Missing", relation: { oid: 16384 } }],
    flows: [{ to: email, from: { kind: "clean" } }],
  };
  const rows = rowsOf(
    new ChainMaker(place.chain)
      .session(session("open", { principal: agent }))
      .statement(decision(1, { principal: agent, facts: written }), outcome(1, { rows: 12 })),
  );
  expect(rows.decisions[0]).toMatchObject({
    ...{ principal: "report-writer", kind: "Agent", serviceAccount: "ai/report-writer", statementKind: "UPDATE" },
    ...{ actingFor: ["https://id.example.com/ana@example.com"], verdict: "allow", cluster: "eu-1", number: 1 },
  });
  expect(rows.changes).toEqual([
    expect.objectContaining({
      change: "Update",
      register: "Data",
      schema: "public",
      table: "customers",
      filter: "Missing",
    }),
  ]);
  expect(touched(rows)).toContainEqual(["email", "Write", "None", null, null]);
  expect(rows.sessions).toEqual([expect.objectContaining({ phase: "open", principal: "report-writer", tls: true })]);
  expect(rows.outcomes).toEqual([expect.objectContaining({ status: "completed", rows: 12 })]);
});

test("records that nobody should send lose what is not of the form, are counted, and stop nothing", () => {
  const weir = (more: object) => ({ time: 1, unmapped: { weir: more } });
  const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
  const sent = [
    "not json",
    "null",
    deep,
    JSON.stringify(weir({ kind: "tomorrow", phase: "x" })),
    JSON.stringify(weir({ kind: "decision", session: 7, statement: 1 })),
    JSON.stringify({
      ...weir({
        ...{ kind: "decision", session: "s\u0000\ud800", statement: 1, facts: { understood: true, outputs: "all" } },
        ...{
          masks: [{ column: -1 }, 7, { column: 1e300 }],
          rules: "none",
          who: { groups: [1, "g"] },
          verdict: ["allow"],
        },
      }),
      time: 1e300,
      query_info: { query_string: "x".repeat(1_000_000) },
    }),
    JSON.stringify(weir({ kind: "outcome", session: "s", statement: 2 ** 60, rows: -1 })),
    JSON.stringify(
      weir({ kind: "outcome", session: "s", statement: 2, rows: 2 ** 60, masked_cells: 1.5, duration_us: "1" }),
    ),
    JSON.stringify(weir({ kind: "__proto__" })),
  ].map((text) => Buffer.from(text));
  const rows = segmentRows(place, 10, sent);
  expect(rows.others.map(({ number, recordKind }) => [number, recordKind])).toEqual([
    [10, ""],
    [11, ""],
    [12, ""],
    [13, "tomorrow"],
    [14, "decision"],
    [16, "outcome"],
    [18, "__proto__"],
  ]);
  const [kept] = rows.decisions;
  expect(kept).toMatchObject({
    session: "s\ufffd\ufffd",
    time: 0,
    verdict: null,
    rules: [],
    groups: ["g"],
    number: 15,
  });
  expect(kept!.text).toHaveLength(4096);
  expect(rows.columns).toEqual([]);
  expect(rows.outcomes).toMatchObject([{ number: 17, rows: null, maskedCells: null, durationUs: null }]);
});
