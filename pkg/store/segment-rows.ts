// From the records of one segment to rows. Records come from senders that may lie: whatever is not of the expected form is left out of
// its row, a record of an unknown kind becomes a row of `others`, and nothing of it stops the rest.
import { parsedRecord } from "../audit/chain.ts";
import { WholeFacts } from "../audit/whole-facts.ts";
import { type ChangeRow, changeRows } from "./change-rows.ts";
import { type ColumnRow, columnRows } from "./column-rows.ts";
import { flagOr, listOf, type Members, membersOf, textOr, textsOf, timeOr, wholeOr } from "./shapes.ts";

/** Of the segment's signed header, and its entry in the log. */
export interface SegmentPlace {
  readonly entry: number;
  readonly chain: string;
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
}

export interface RowPlace {
  readonly time: number;
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
  readonly workload: string;
  readonly instance: string;
  readonly chain: string;
  readonly number: number;
  readonly entry: number;
}

export interface WhoRow {
  readonly principal: string | null;
  readonly kind: string | null;
  readonly issuer: string | null;
  readonly groups: readonly string[];
  readonly assurance: string | null;
  readonly login: string | null;
  readonly serviceAccount: string | null;
  readonly client: string | null;
  /** Nearest first, as `issuer/name`. */
  readonly actingFor: readonly string[];
}

export interface DecisionRow extends RowPlace, WhoRow {
  readonly session: string;
  readonly statement: number;
  readonly step: string | null;
  readonly database: string | null;
  readonly serverDatabase: string | null;
  readonly application: string | null;
  readonly address: string | null;
  /** allow, mask, refuse, hold or observe. */
  readonly verdict: string | null;
  readonly rules: readonly string[];
  readonly reason: string | null;
  readonly policyVersion: string | null;
  readonly text: string | null;
  readonly fingerprint: string | null;
  readonly statementKind: string | null;
  readonly effects: readonly string[];
  readonly understood: boolean;
  readonly traceId: string | null;
  readonly spanId: string | null;
}

export interface OutcomeRow {
  readonly cluster: string;
  readonly namespace: string;
  readonly session: string;
  readonly statement: number;
  readonly chain: string;
  readonly number: number;
  readonly entry: number;
  readonly status: string | null;
  readonly sqlstate: string | null;
  readonly rows: number | null;
  readonly maskedCells: number | null;
  readonly durationUs: number | null;
}

export interface SessionRow extends RowPlace, WhoRow {
  readonly session: string;
  readonly database: string | null;
  readonly serverDatabase: string | null;
  readonly application: string | null;
  readonly address: string | null;
  readonly tls: boolean;
  readonly phase: string | null;
  readonly reason: string | null;
}

export interface LookupRow extends RowPlace {
  readonly reader: string | null;
  readonly role: string | null;
  readonly route: string | null;
  readonly subject: string | null;
  readonly scope: string | null;
  readonly verdict: string | null;
}

export interface OtherRow extends RowPlace {
  readonly recordKind: string;
  readonly phase: string | null;
  readonly detail: string | null;
}

export interface SegmentRows {
  readonly entry: number;
  readonly decisions: readonly DecisionRow[];
  readonly outcomes: readonly OutcomeRow[];
  readonly columns: readonly ColumnRow[];
  readonly changes: readonly ChangeRow[];
  readonly sessions: readonly SessionRow[];
  readonly lookups: readonly LookupRow[];
  readonly others: readonly OtherRow[];
}

type Growing = { -readonly [K in keyof Omit<SegmentRows, "entry">]: SegmentRows[K][number][] };

/** `first`: number of the first record; the others follow it. */
export function segmentRows(segment: SegmentPlace, first: number, records: readonly Uint8Array[]): SegmentRows {
  const rows: Growing = {
    decisions: [],
    outcomes: [],
    columns: [],
    changes: [],
    sessions: [],
    lookups: [],
    others: [],
  };
  const facts = new WholeFacts();
  records.forEach((bytes, at) => {
    const record = membersOf(parsedRecord(bytes));
    addRecord(rows, placeOf(segment, first + at, record), record, facts.of(record));
  });
  return { entry: segment.entry, ...rows };
}

function addRecord(rows: Growing, place: RowPlace, record: Members, facts: unknown): void {
  const weir = membersOf(membersOf(record.unmapped).weir);
  const [session, statement] = [textOr(weir.session), wholeOr(weir.statement)];
  switch (weir.kind) {
    case "decision": {
      if (session === null || statement === null) break;
      const decision = decisionRow(place, record, weir, facts, { session, statement });
      rows.decisions.push(decision);
      rows.columns.push(...columnRows(decision, facts, weir.masks));
      rows.changes.push(...changeRows(decision, facts));
      return;
    }
    case "outcome":
      if (session === null || statement === null) break;
      rows.outcomes.push(outcomeRow(place, record, weir, { session, statement }));
      return;
    case "session":
      if (session === null) break;
      rows.sessions.push(sessionRow(place, record, weir, session));
      return;
    case "lookup":
      rows.lookups.push({
        ...place,
        reader: textOr(weir.reader),
        role: textOr(weir.role),
        route: textOr(weir.route),
        subject: textOr(weir.subject),
        scope: textOr(weir.scope),
        verdict: textOr(weir.verdict),
      });
      return;
  }
  rows.others.push({
    ...place,
    recordKind: textOr(weir.kind) ?? "",
    phase: textOr(weir.phase),
    detail: textOr(record.status_detail) ?? textOr(record.message),
  });
}

function placeOf(segment: SegmentPlace, number: number, record: Members): RowPlace {
  const place = membersOf(membersOf(membersOf(record.unmapped).weir).place);
  const { cluster, environment, namespace, chain, entry } = segment;
  return {
    time: timeOr(record.time) ?? 0,
    cluster,
    environment,
    namespace,
    workload: textOr(place.workload) ?? "",
    instance: textOr(place.instance) ?? "",
    chain,
    number,
    entry,
  };
}

interface Which {
  readonly session: string;
  readonly statement: number;
}

function decisionRow(place: RowPlace, record: Members, weir: Members, facts: unknown, which: Which): DecisionRow {
  const known = membersOf(facts);
  const query = membersOf(record.query_info);
  const verdict = textOr(weir.verdict);
  const trace = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(textOr(weir.traceparent) ?? "");
  return {
    ...place,
    ...which,
    step: textOr(weir.step),
    database: textOr(membersOf(record.database).name),
    ...claimsOf(record, weir),
    ...whoOf(membersOf(record.actor).user, weir.who),
    verdict: verdict === "allow" && listOf(weir.masks).length > 0 ? "mask" : verdict,
    rules: listOf(weir.rules).map((each) => {
      const { policy, rule } = membersOf(each);
      return `${textOr(policy) ?? ""}/${textOr(rule) ?? ""}`;
    }),
    reason: textOr(record.status_detail),
    policyVersion: textOr(membersOf(record.policy).version),
    text: textOr(query.query_string),
    fingerprint: textOr(query.uid),
    statementKind: textOr(known.kind),
    effects: textsOf(known.effects),
    understood: known.understood === true,
    traceId: trace?.[1] ?? null,
    spanId: trace?.[2] ?? null,
  };
}

function outcomeRow(place: RowPlace, record: Members, weir: Members, which: Which): OutcomeRow {
  const { cluster, namespace, chain, number, entry } = place;
  return {
    cluster,
    namespace,
    ...which,
    chain,
    number,
    entry,
    status: textOr(record.status),
    sqlstate: textOr(record.status_code),
    rows: wholeOr(weir.rows),
    maskedCells: wholeOr(weir.masked_cells),
    durationUs: wholeOr(weir.duration_us),
  };
}

function sessionRow(place: RowPlace, record: Members, weir: Members, session: string): SessionRow {
  return {
    ...place,
    session,
    database: textOr(membersOf(weir.database).name),
    ...claimsOf(record, weir),
    tls: flagOr(record.is_cleartext) === false,
    ...whoOf(record.user, weir.who),
    phase: textOr(weir.phase),
    reason: textOr(record.status_detail),
  };
}

/** What the client says of itself, and where it comes from. */
function claimsOf(record: Members, weir: Members) {
  const claims = membersOf(weir.claims);
  const source = membersOf(record.src_endpoint);
  return {
    serverDatabase: textOr(claims.database),
    application: textOr(claims.application),
    address: textOr(source.ip) ?? textOr(source.name),
  };
}

function whoOf(user: unknown, who: unknown): WhoRow {
  const { name, type, uid, account } = membersOf(user);
  const more = membersOf(who);
  return {
    principal: textOr(name),
    kind: textOr(type),
    issuer: issuerOf(uid, name),
    groups: textsOf(more.groups),
    assurance: textOr(more.assurance),
    login: textOr(membersOf(account).name),
    serviceAccount: textOr(more.service_account),
    client: textOr(more.client),
    actingFor: listOf(more.acting_for).flatMap((each) => textOr(membersOf(membersOf(each).user).uid) ?? []),
  };
}

/** `uid` is `issuer/name`. */
function issuerOf(uid: unknown, name: unknown): string | null {
  const text = textOr(uid);
  if (text === null) return null;
  const end = `/${textOr(name) ?? ""}`;
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}
