// What shipping needs of a record, read at the places where the encoder of records writes it, without parsing the whole: members are
// found by their quoted names, which inside a text of JSON are always escaped.

export interface Glance {
  readonly chain: string;
  readonly number: number;
  readonly previous: string;
  readonly timeMs: number;
  /** As OpenTelemetry names events; `weir.` and what happened. */
  readonly name: EventName;
  /** OCSF severity_id. */
  readonly severity: number;
}

export type EventName =
  | "weir.query"
  | "weir.query.blocked"
  | "weir.query.held"
  | "weir.query.outcome"
  | "weir.session.start"
  | "weir.session.end"
  | "weir.auth.failure"
  | "weir.policy.changed"
  | "weir.ledger.gap"
  | "weir.chain";

const SEQUENCE = Buffer.from('"sequence":');
const PREVIOUS = Buffer.from('"unmapped":{"weir":{"chain":{"previous":"');
const SEVERITY = Buffer.from('"severity_id":');
const TIME = Buffer.from('"time":');
const CLASS = Buffer.from('"class_uid":');
/** How decisions begin; outcomes begin with `{"activity_id":`. */
const ACTION = '{"action_id":';
const ACTION_TELLS = ACTION.indexOf("o");
const LETTER_O = 0x6f;
const HASH = /^[0-9a-f]{64}$/;

/** Null for anything that is not a record of ours. */
export function glanceAt(record: Buffer): Glance | null {
  const sequence = record.indexOf(SEQUENCE);
  const severity = record.indexOf(SEVERITY, sequence);
  const time = record.indexOf(TIME, severity);
  const previousAt = record.indexOf(PREVIOUS, time) + PREVIOUS.length;
  if (sequence < 0 || severity < 0 || time < 0 || previousAt < PREVIOUS.length) return null;
  const place = /^"sequence":(\d{1,16}),"uid":"([0-9a-f]{32})\/(\d{1,16})"/.exec(
    record.toString("latin1", sequence, sequence + 100),
  );
  const previous = record.toString("latin1", previousAt, previousAt + 64);
  const timeMs = wholeAt(record, time + TIME.length);
  const class_ = wholeAt(record, record.indexOf(CLASS) + CLASS.length);
  if (place === null || place[1] !== place[3] || !HASH.test(previous) || timeMs === null) return null;
  return {
    chain: place[2]!,
    number: Number(place[1]),
    previous,
    timeMs,
    name: nameOf(record, class_),
    severity: wholeAt(record, severity + SEVERITY.length) ?? 0,
  };
}

/** The digits at `offset`. */
export function wholeAt(record: Buffer, offset: number): number | null {
  let value = 0;
  let at = offset;
  for (; at < offset + 16; at++) {
    const digit = record[at]! - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  return at === offset ? null : value;
}

/** OCSF classes: 6005 Datastore Activity, 3002 Authentication, 3004 Entity Management, 6002 Application Lifecycle. */
function nameOf(record: Buffer, class_: number | null): EventName {
  switch (class_) {
    case 6005:
      return record[ACTION_TELLS] === LETTER_O ? decisionName(record[ACTION.length]! - 0x30) : "weir.query.outcome";
    case 3002:
      if (record.includes('"message":"Session refused"')) return "weir.auth.failure";
      return record.includes('"message":"Session closed"') ? "weir.session.end" : "weir.session.start";
    case 3004:
      return "weir.policy.changed";
    default:
      return record.includes('"message":"Chain of records: gap"') ? "weir.ledger.gap" : "weir.chain";
  }
}

/** OCSF actions: 0 delayed, 2 denied. */
function decisionName(action: number): EventName {
  if (action === 2) return "weir.query.blocked";
  return action === 0 ? "weir.query.held" : "weir.query";
}
