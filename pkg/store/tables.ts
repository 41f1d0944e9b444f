// The tables of the index, one description for every engine. Rows are those of segment-rows.ts, column by column.
import type { SegmentRows } from "./segment-rows.ts";

/** With `?`: may be null. */
export type ColumnType = "text" | "text?" | "texts" | "integer" | "integer?" | "time" | "boolean";

export type TableName = keyof Omit<SegmentRows, "entry">;

export type Table = Readonly<Record<string, ColumnType>>;

const place = {
  time: "time",
  cluster: "text",
  environment: "text",
  namespace: "text",
  workload: "text",
  instance: "text",
  chain: "text",
  number: "integer",
  entry: "integer",
} as const satisfies Table;

const who = {
  principal: "text?",
  kind: "text?",
  issuer: "text?",
  groups: "texts",
  assurance: "text?",
  login: "text?",
  serviceAccount: "text?",
  client: "text?",
  actingFor: "texts",
} as const satisfies Table;

const client = {
  database: "text?",
  serverDatabase: "text?",
  application: "text?",
  address: "text?",
} as const satisfies Table;

const which = { chain: "text", number: "integer", entry: "integer", ordinal: "integer" } as const satisfies Table;

export const TABLES: Readonly<Record<TableName, Table>> = {
  decisions: {
    ...place,
    session: "text",
    statement: "integer",
    step: "text?",
    ...client,
    ...who,
    verdict: "text?",
    rules: "texts",
    reason: "text?",
    policyVersion: "text?",
    text: "text?",
    fingerprint: "text?",
    statementKind: "text?",
    effects: "texts",
    understood: "boolean",
    traceId: "text?",
    spanId: "text?",
  },
  outcomes: {
    cluster: "text",
    namespace: "text",
    session: "text",
    statement: "integer",
    chain: "text",
    number: "integer",
    entry: "integer",
    status: "text?",
    sqlstate: "text?",
    rows: "integer?",
    maskedCells: "integer?",
    durationUs: "integer?",
  },
  columns: {
    ...which,
    relation: "integer",
    schema: "text",
    table: "text",
    column: "text",
    path: "text?",
    class: "text?",
    access: "text",
    shown: "text",
    method: "text?",
    output: "integer?",
  },
  changes: {
    ...which,
    change: "text",
    register: "text",
    relation: "integer?",
    schema: "text?",
    table: "text?",
    filter: "text?",
  },
  sessions: {
    ...place,
    session: "text",
    ...client,
    tls: "boolean",
    ...who,
    phase: "text?",
    reason: "text?",
  },
  lookups: {
    ...place,
    reader: "text?",
    role: "text?",
    route: "text?",
    subject: "text?",
    scope: "text?",
    verdict: "text?",
  },
  others: { ...place, recordKind: "text", phase: "text?", detail: "text?" },
};

export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];
