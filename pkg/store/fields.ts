// What can be asked for: the views of the index, each with a closed list of typed fields. A question names nothing else, so no text from
// outside ever becomes SQL.

/** `texts`: a list of texts. `time`: milliseconds since 1970, UTC. */
export type FieldType = "text" | "texts" | "integer" | "time" | "boolean";

export type Fields = Readonly<Record<string, FieldType>>;

/** Where a record stands and who sent it. */
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
} as const satisfies Fields;

/** Who acts, and for whom. */
const who = {
  principal: "text",
  kind: "text",
  issuer: "text",
  groups: "texts",
  assurance: "text",
  login: "text",
  serviceAccount: "text",
  client: "text",
  actingFor: "texts",
} as const satisfies Fields;

/** A decision with its outcome; what the outcome tells is null while there is none. */
const statements = {
  ...place,
  session: "text",
  statement: "integer",
  step: "text",
  database: "text",
  serverDatabase: "text",
  application: "text",
  address: "text",
  ...who,
  verdict: "text",
  rules: "texts",
  reason: "text",
  policyVersion: "text",
  text: "text",
  fingerprint: "text",
  statementKind: "text",
  effects: "texts",
  understood: "boolean",
  traceId: "text",
  spanId: "text",
  status: "text",
  sqlstate: "text",
  rows: "integer",
  maskedCells: "integer",
  durationUs: "integer",
} as const satisfies Fields;

export const VIEWS = {
  statements,
  /** A row for each stored column that a statement touches, and how. */
  columns: {
    ...statements,
    relation: "integer",
    schema: "text",
    table: "text",
    column: "text",
    path: "text",
    class: "text",
    access: "text",
    shown: "text",
    method: "text",
    output: "integer",
  },
  /** A row for each relation that a statement changes: data (DML) or schema (DDL). */
  changes: {
    ...statements,
    change: "text",
    register: "text",
    relation: "integer",
    schema: "text",
    table: "text",
    filter: "text",
  },
  /** From a session's beginning to its end, which is null while it is open or unknown. */
  sessions: {
    ...place,
    session: "text",
    database: "text",
    serverDatabase: "text",
    application: "text",
    address: "text",
    tls: "boolean",
    ...who,
    phase: "text",
    reason: "text",
    ended: "time",
    endReason: "text",
  },
  /** What readers have looked up. */
  lookups: {
    ...place,
    reader: "text",
    role: "text",
    route: "text",
    subject: "text",
    scope: "text",
    verdict: "text",
  },
  /** Records of every other kind, and those of an unknown one: policies that came into force, beginnings and ends of chains. */
  others: { ...place, recordKind: "text", phase: "text", detail: "text" },
} as const satisfies Readonly<Record<string, Fields>>;

export type ViewName = keyof typeof VIEWS;

/** How a column was touched. */
export const ACCESS = ["Read", "Filter", "Write"] as const;
/** `Derived`: in a value that is computed from it. `Refused`: the statement did not run. `None`: it left in nothing. */
export const SHOWN = ["Clear", "Masked", "Derived", "Refused", "None"] as const;
