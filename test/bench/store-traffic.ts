// A month's records of three places for store.ts, made with the writer of real ones: people, programs and an agent, twenty tables of which
// some columns are masked, refusals and changes of schema now and then. The same numbers give the same records.
import type { DecisionEvent } from "../../pkg/audit/event.ts";
import { type SegmentRows, segmentRows } from "../../pkg/store/segment-rows.ts";
import { agent, ana, decision, outcome, session } from "../audit/fixtures.ts";
import { ChainMaker } from "../collector/chain-maker.ts";

const MONTH_MS = 31 * 86_400_000;
export const OCTOBER_MS = Date.UTC(2026, 9, 1);
const STATEMENTS = 5_000;
const MADE = 24;
const places = [
  { cluster: "eu-1", environment: "production", namespace: "shop" },
  { cluster: "us-1", environment: "production", namespace: "billing" },
  { cluster: "laptops", environment: "development", namespace: "gateway" },
];
const people = Array.from({ length: 40 }, (_, at) => ({ ...ana, name: `person-${at}@example.com`, login: `p${at}` }));
const programs = Array.from({ length: 12 }, (_, at) => ({
  ...{ kind: "Service" as const, issuer: "eu-1", groups: [], assurance: "L2" as const, login: `app${at}` },
  ...{ name: `shop/app-${at}`, serviceAccount: `shop/app-${at}` },
}));
const tables = ["customers", ...Array.from({ length: 19 }, (_, at) => `table_${at}`)];
const shapes = tables.flatMap((table, at) => [
  reading(table, 16384 + at, "email"),
  reading(table, 16384 + at, "id"),
  writing(table, 16384 + at, "Update"),
  ...(at === 0 ? [writing(table, 16384, "Alter")] : []),
]);

type Shape = Pick<DecisionEvent, "facts" | "masks" | "text" | "verdict" | "reason">;

function reading(table: string, relation: number, column: string): Shape {
  const ref = { relation, attnum: 2, schema: "public", table, column };
  const by = { relation, attnum: 1, schema: "public", table, column: "id" };
  return {
    facts: {
      ...{ understood: true, kind: "SELECT", effects: ["Read"], writes: [], flows: [] },
      relations: [{ oid: relation, schema: "public", name: table, kind: "table", temporary: false, access: ["Read"] }],
      outputs: [{ name: column, lineage: { kind: "copy", column: ref } }],
      predicates: [{ column: by, operator: "=" }],
    },
    masks: column === "email" ? [{ column: 0, method: "Partial", class: "PII.EMAIL" }] : [],
    text: textOf(`SELECT ${column} FROM ${table} WHERE id = $1`),
    ...{ verdict: "allow", reason: null },
  };
}

function writing(table: string, relation: number, effect: "Update" | "Alter"): Shape {
  const to = { relation, attnum: 2, schema: "public", table, column: "email" };
  return {
    facts: {
      ...{ understood: true, kind: effect.toUpperCase(), effects: [effect], outputs: [], predicates: [] },
      relations: [{ oid: relation, schema: "public", name: table, kind: "table", temporary: false, access: [effect] }],
      writes: effect === "Update" ? [{ effect, filter: "Key", relation: { oid: relation } }] : [],
      flows: effect === "Update" ? [{ to, from: { kind: "clean" } }] : [],
    },
    masks: [],
    text: textOf(`${effect} ${table}`),
    ...{ verdict: "allow", reason: null },
  };
}

function textOf(text: string): DecisionEvent["text"] {
  return { form: "normalized", text, fingerprint: Buffer.from(text.padEnd(16)).toString("hex").slice(0, 32) };
}

export interface Part {
  readonly rows: SegmentRows;
  readonly records: number;
  readonly recordBytes: number;
  /** Of making rows of records, without making the records. */
  readonly readMs: number;
}

/** About `records` of them, each part the segment of a chain of its own; entry by entry. Beyond some parts rows are those of an earlier one, moved. */
export function* monthOf(records: number): Generator<Part> {
  const parts = Math.ceil(records / (2 * STATEMENTS + 2));
  const made: Part[] = [];
  for (let at = 0; at < parts; at++) {
    if (at < MADE) made.push(partOf(at, OCTOBER_MS));
    yield movedTo(made[at % MADE]!, at, Math.floor((at * MONTH_MS) / parts));
  }
}

function movedTo(part: Part, at: number, laterMs: number): Part {
  const chain = chainOf(at);
  const moved = <T extends object>(rows: readonly T[]): T[] =>
    rows.map((row) => ({
      ...row,
      ...{ chain, entry: at },
      ...("time" in row && { time: (row.time as number) + laterMs }),
      ...("session" in row && { session: `5e55-${chain}` }),
    }));
  const { decisions, outcomes, columns, changes, sessions, lookups, others } = part.rows;
  const rows = {
    ...{ entry: at, decisions: moved(decisions), outcomes: moved(outcomes), columns: moved(columns) },
    ...{ changes: moved(changes), sessions: moved(sessions), lookups: moved(lookups), others: moved(others) },
  };
  return { ...part, rows };
}

function chainOf(at: number): string {
  return at.toString(16).padStart(32, "0");
}

function partOf(at: number, timeMs: number): Part {
  const place = places[at % places.length]!;
  const chain = chainOf(at);
  const maker = new ChainMaker(chain, { ...place, instance: `pod-${at}` }, Math.floor(timeMs));
  const person = people[at % people.length]!;
  const random = randomOf(at);
  // As the gate has it: one object for each prepared statement, so that its parts are written once.
  const principal = at % 10 === 0 ? { ...agent, actingFor: person } : at % 3 === 0 ? person : programs[at % 12]!;
  const name = `5e55-${chain}`;
  maker.session(session("open", { session: name, principal }));
  for (let statement = 1; statement <= STATEMENTS; statement++) {
    const shape = shapes[Math.floor(random() * shapes.length)]!;
    const isClear = person.name < "person-1" && shape.masks.length > 0;
    const isRefused = random() < 0.01;
    const what = isRefused ? { ...shape, masks: [], verdict: "refuse" as const, reason: "not in the policy" } : shape;
    const rules = isRefused ? [{ policy: "shop/base", rule: "no-exports" }] : [];
    const more = { ...what, ...(isClear && { masks: [] }), rules, session: name, principal };
    const rows = Math.floor(random() * 100);
    const durationUs = Math.floor(random() ** 8 * 10_000_000);
    const status = isRefused ? ("refused" as const) : ("completed" as const);
    maker.statement(decision(statement, more), outcome(statement, { session: name, rows, durationUs, status }));
  }
  maker.session(session("close", { session: name, principal }));
  const startedMs = performance.now();
  const rows = segmentRows({ entry: at, chain, ...place }, 0, maker.records);
  const readMs = performance.now() - startedMs;
  const recordBytes = maker.records.reduce((sum, { length }) => sum + length, 0);
  return { rows, records: maker.records.length, recordBytes, readMs };
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
