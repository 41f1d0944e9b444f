// What every decision's record tells telemetry, read by position: whether it asks for a span, under which key its outcome will come, and
// what its statement is called. The whole record is parsed only for those of which a span is made.
import { wholeAt } from "../shipping/glance.ts";
import { querySummary } from "./query-summary.ts";

export interface DecisionGlance {
  /** Session and number of the statement. */
  readonly key: string;
  /** A statement that was sent, as against one of Weir itself. */
  readonly isOfClient: boolean;
  /** A look at a statement before it is run, under a record of its own: the end of the statement when it fails. */
  readonly isInspection: boolean;
  /** Refused or held: it will not be run under this decision. */
  readonly isStopped: boolean;
  /** Stopped, or its result is masked. */
  readonly isNotable: boolean;
  /** The application that sent `traceparent` has decided not to keep its trace. */
  readonly isUnsampled: boolean;
  readonly query: Query;
  /** The GovernedDatabase's name. */
  readonly database: string;
}

export interface Query {
  /** Normalised; null when the record holds only a digest. */
  readonly text: string | null;
  readonly summary: string | null;
}

const KEY = Buffer.from('"correlation_uid":"');
const QUERY = Buffer.from('"query_info":');
const QUERY_END = Buffer.from(',"severity_id"');
const DATABASE = Buffer.from('"database":{"name":"');
const STEP = Buffer.from(',"step":"');
const TRACE = Buffer.from(',"traceparent":"');
const QUOTE = Buffer.from('"');
const ACTION = '{"action_id":'.length;
/** A prepared statement runs the first time under the decision of its Parse. */
const ofClient = new Set(["query", "parse", "bind", "execute", "copy", "function"]);
const TEXTS_MAX = 1024;
const nothing: Query = { text: null, summary: null };

export class DecisionReader {
  private texts = new Map<string, Query>();

  read(record: Buffer): DecisionGlance | null {
    const key = keyOf(record);
    const stepAt = record.lastIndexOf(STEP);
    if (key === null || stepAt === -1) return null;
    const action = record[ACTION]! - 0x30;
    const step = upToQuote(record, stepAt + STEP.length);
    const traceAt = record.indexOf(TRACE, stepAt);
    return {
      key,
      isOfClient: ofClient.has(step),
      isInspection: step === "inspect",
      // OCSF actions: 0 held, 2 denied, 4 modified.
      isStopped: action === 0 || action === 2,
      isNotable: action === 0 || action === 2 || action === 4,
      // The lowest bit of the flags, in the last of the 55 characters.
      isUnsampled: traceAt !== -1 && isEvenDigit(record[traceAt + TRACE.length + 54]!),
      query: this.query(record),
      database: upToQuote(record, record.indexOf(DATABASE) + DATABASE.length),
    };
  }

  private query(record: Buffer): Query {
    const start = record.indexOf(QUERY) + QUERY.length;
    const written = record.toString("latin1", start, record.indexOf(QUERY_END, start));
    const known = this.texts.get(written);
    if (known !== undefined) return known;
    const query = queryOf(Buffer.from(written, "latin1").toString("utf8"));
    if (this.texts.size >= TEXTS_MAX) this.texts = new Map();
    this.texts.set(written, query);
    return query;
  }
}

/** Of a decision or an outcome. */
export function keyOf(record: Buffer): string | null {
  const at = record.indexOf(KEY);
  return at === -1 ? null : upToQuote(record, at + KEY.length);
}

/** Of a hexadecimal digit. */
function isEvenDigit(code: number): boolean {
  return Number.parseInt(String.fromCharCode(code), 16) % 2 === 0;
}

function queryOf(written: string): Query {
  try {
    const { name, query_string: text } = JSON.parse(written);
    return name === "normalized" && typeof text === "string" ? { text, summary: querySummary(text) } : nothing;
  } catch {
    return nothing;
  }
}

function upToQuote(record: Buffer, start: number): string {
  return record.toString("utf8", start, record.indexOf(QUOTE, start));
}

export interface OutcomeGlance {
  readonly key: string;
  readonly durationUs: number;
  readonly sqlstate: string | null;
  readonly status: string;
  /** Something was sent to the server under this decision: a statement that is only prepared ends without. */
  readonly hasRun: boolean;
}

const DURATION = Buffer.from('"duration_us":');
const NO_ROWS = Buffer.from('"rows":null');
const STATUS = Buffer.from(',"status":"');
const STATE = Buffer.from('"status_code":"');

export function readOutcome(record: Buffer): OutcomeGlance | null {
  const key = keyOf(record);
  const durationAt = record.lastIndexOf(DURATION);
  const statusAt = record.indexOf(STATUS);
  if (key === null || durationAt === -1 || statusAt === -1) return null;
  const durationUs = wholeAt(record, durationAt + DURATION.length) ?? 0;
  const stateAt = record.indexOf(STATE, statusAt);
  return {
    key,
    durationUs,
    hasRun: durationUs > 0 || record.indexOf(NO_ROWS, durationAt) === -1,
    sqlstate: stateAt === -1 ? null : upToQuote(record, stateAt + STATE.length),
    status: upToQuote(record, statusAt + STATUS.length),
  };
}
