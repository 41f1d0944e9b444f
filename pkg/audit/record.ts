// One event becomes one OCSF 1.8 event in canonical JSON, at its place in the chain. The order of the members is written out here
// instead of sorted at run time (test/audit/record.test.ts proves it equal to the generic encoder); parts that repeat are encoded once
// and kept by identity, so events and what they hold must never be changed after they were handed over.

import { boundedName, boundedText } from "./bounded-text.ts";
import { canonicalJson, canonicalString } from "./canonical-json.ts";
import type { ChainPosition } from "./chain.ts";
import type { ChainEvent } from "./chain-event.ts";
import {
  decisionParts,
  encodedText,
  isSame,
  OCSF_VERSION,
  REASON_MAX,
  severity,
  statusDetail,
  type Told,
} from "./decision-parts.ts";
import type { Digest } from "./digest.ts";
import type { DecisionEvent, OutcomeEvent, OutcomeStatus, PolicyEvent, SessionEvent, StatementText } from "./event.ts";
import { lasting } from "./lasting-bytes.ts";
import { type Place, placeJson } from "./place.ts";
import { Recent } from "./recent.ts";
import type { RecordContext } from "./record-context.ts";
import { type Form, formOf, type Slot } from "./record-form.ts";
import type { RecordWriter } from "./record-writer.ts";
import { type RecordedFacts, recordedFacts } from "./recorded-facts.ts";
import { TextCache } from "./text-cache.ts";

export { OCSF_VERSION, TEXT_MAX } from "./decision-parts.ts";

/** OCSF status of how a statement ended; 2, failure, for the rest. */
const statusIds: Partial<Record<OutcomeStatus, number>> = { completed: 1, unknown: 0, skipped: 99 };

/** Member names, numbers, hashes and the line around an ending record. */
const ENDING_BYTES = 1536;

/** What every record of one sidecar shares. */
export interface RecordSource {
  readonly place: Place;
  readonly productVersion: string;
  readonly digest: Digest;
}

const bytes = (text: string) => Buffer.from(text);

const SLASH = bytes("/");
const SESSION = bytes(',"session":"');
const STATEMENT = bytes('","statement":');
const CHAIN = bytes(',"unmapped":{"weir":{"chain":{"previous":"');
const OCSF = bytes(`","version":"${OCSF_VERSION}"}`);
const NULL = bytes("null");
const END = bytes("}}}");

const steps = encodedNames(
  ["query", "parse", "bind", "execute", "copy", "function", "inspect", "catalog", "commit"],
  (step: DecisionEvent["step"]) => bytes(`,"step":"${step}"`),
);

function encodedNames<N extends string, T>(names: readonly N[], encode: (name: N) => T): Readonly<Record<N, T>> {
  return Object.fromEntries(names.map((name) => [name, encode(name)])) as Record<N, T>;
}

/** Facts that are hardly longer than a reference are written whole each time. */
const REFERENCE_BYTES = 64;

/** Forms of decisions that are kept: of what runs again and again. */
const FORMS_MAX = 2048;
/** A longer one is made anew each time: what all of them take together is bounded. */
const FORM_BYTES_MAX = 8 * 1024;
/** A session's statements end in few ways. */
const OUTCOME_FORMS_MAX = 7;

interface DecisionForm {
  readonly told: Told;
  readonly step: DecisionEvent["step"];
  readonly context: RecordContext;
  readonly chain: string;
  readonly form: Form;
}

interface OutcomeForm {
  readonly status: OutcomeStatus;
  readonly activity: number;
  readonly chain: string;
  readonly form: Form;
}

export class RecordEncoder {
  private readonly place: string;
  private readonly product: string;
  private readonly productVersion: string;
  private readonly digest: Digest;
  private readonly fixedBytes: number;
  /** The last time that was written: records of one millisecond share it. */
  private timeMs = 0;
  private timeDigits = bytes("0");
  private readonly facts = new WeakMap<object, RecordedFacts>();
  /** By the list of rules, which a decision has for itself. */
  private readonly decisions = new Recent<object, DecisionForm>(FORMS_MAX);
  private readonly outcomes = new WeakMap<RecordContext, OutcomeForm[]>();
  private readonly texts = new TextCache();

  constructor(source: RecordSource) {
    this.place = placeJson(source.place);
    this.productVersion = boundedName(source.productVersion);
    this.product = canonicalJson({ name: "Weir", vendor_name: "Weir", version: this.productVersion });
    this.digest = source.digest;
    this.fixedBytes = ENDING_BYTES + Buffer.byteLength(this.place) + Buffer.byteLength(this.product);
  }

  decision(event: DecisionEvent, context: RecordContext, at: ChainPosition, out: RecordWriter): void {
    const form = this.decisionForm(event, context, at);
    for (let i = 0; i < form.slots.length; i++) {
      out.piece(form.runs[i]!);
      const slot = form.slots[i]!;
      if (slot === "statement") out.whole(event.statement);
      else if (slot === "facts") out.piece(this.factsFor(event.facts, at));
      else if (slot === "traceparent") {
        if (event.traceparent !== null) out.text(`,"traceparent":"${event.traceparent}"`);
      } else this.position(slot, at, out);
    }
    out.piece(form.runs.at(-1)!);
  }

  /** `activity`: that of the decision. */
  outcome(event: OutcomeEvent, context: RecordContext, activity: number, at: ChainPosition, out: RecordWriter): void {
    const form = this.outcomeForm(event.status, activity, context, at);
    for (let i = 0; i < form.slots.length; i++) {
      out.piece(form.runs[i]!);
      const slot = form.slots[i]!;
      if (slot === "statement") out.whole(event.statement);
      else if (slot === "durationUs") out.whole(event.durationUs);
      else if (slot === "maskedCells") out.whole(event.maskedCells);
      else if (slot === "rows") this.rows(event.rows, out);
      else if (slot !== "sqlstate") this.position(slot, at, out);
      else if (event.sqlstate !== null) out.text(statusDetail(event.sqlstate, null));
    }
    out.piece(form.runs.at(-1)!);
  }

  /** OCSF Authentication: 1 logon (also refused), 2 logoff. */
  session(event: SessionEvent, context: RecordContext, at: ChainPosition, out: RecordWriter): void {
    const activity = event.phase === "close" ? 2 : 1;
    const refused = event.phase === "refused";
    out.text(
      `{"activity_id":${activity},"category_uid":3,"class_uid":3002,"is_cleartext":${!event.tls},` +
        `"message":"${refused ? "Session refused" : event.phase === "open" ? "Session opened" : "Session closed"}",` +
        this.metadata(context.session.toString(), at) +
        `"service":{"name":"postgresql"},"session":{"uid":"${context.session}"},` +
        `"severity_id":${refused ? severity.medium : severity.informational},"src_endpoint":${context.source},` +
        statusDetail(null, event.reason) +
        `"status_id":${refused ? 2 : 1},"time":${at.timeMs},"type_uid":${300200 + activity},` +
        `"unmapped":{"weir":{${chainJson(at)},"claims":${context.claims},"database":${context.database},"kind":"session",` +
        `"phase":"${event.phase}","place":${this.place},"session":"${context.session}","who":${context.who}}},"user":${context.user}}`,
    );
  }

  /** OCSF Entity Management, update: another policy is in force. */
  policy(event: PolicyEvent, at: ChainPosition, out: RecordWriter): void {
    const version = canonicalString(boundedName(event.version));
    out.text(
      `{"activity_id":3,"category_uid":3,"class_uid":3004,` +
        `"entity":{"name":"policy bundle","type":"policy","version":${version}},"message":"Policy in force changed",` +
        this.metadata("policy", at) +
        `"severity_id":1,${statusDetail(null, event.reason)}"status_id":1,"time":${at.timeMs},"type_uid":300403,` +
        `"unmapped":{"weir":{${chainJson(at)},"kind":"policy","place":${this.place},"version":${version}}}}`,
    );
  }

  /** OCSF Application Lifecycle: 3 start, 4 stop, 99 for a gap. */
  chainEvent(event: ChainEvent, at: ChainPosition, out: RecordWriter): void {
    const activity = { begin: 3, resume: 3, close: 4, gap: 99 }[event.phase];
    const { event: _, phase, ...details } = event;
    out.text(
      `{"activity_id":${activity},"app":${this.product},"category_uid":6,"class_uid":6002,"message":"Chain of records: ${phase}",` +
        this.metadata("chain", at) +
        `"severity_id":${chainSeverity(event)},"status_id":1,"time":${at.timeMs},"type_uid":${600200 + activity},` +
        `"unmapped":{"weir":{${chainJson(at)},"details":${canonicalJson(boundedDetails(details))},"kind":"chain","phase":"${phase}","place":${this.place}}}}`,
    );
  }

  /** An upper bound of what an outcome takes in the spool, in bytes. */
  outcomeBytes(context: RecordContext): number {
    return this.fixedBytes + 2 * context.bytes;
  }

  /** The same for the end of a session, whose reason JSON may double and UTF-8 triple. */
  sessionEndBytes(context: RecordContext): number {
    return this.fixedBytes + 2 * context.bytes + 3 * REASON_MAX;
  }

  private metadata(correlation: string, at: ChainPosition): string {
    return (
      `"metadata":{"correlation_uid":"${correlation}","product":${this.product},"profiles":[],` +
      `"sequence":${at.number},"uid":"${at.chain}/${at.number}","version":"${OCSF_VERSION}"},`
    );
  }

  private decisionForm(event: DecisionEvent, context: RecordContext, { chain }: ChainPosition): Form {
    const known = this.decisions.get(event.rules);
    if (known !== undefined && known.context === context && known.step === event.step && known.chain === chain) {
      if (isSame(known.told, event)) return known.form;
    }
    const { verdict, rules, reason, sqlstate, text, masks, policyVersion, facts, step } = event;
    const told: Told = { verdict, rules, reason, sqlstate, text, masks, policyVersion, facts };
    const activity = this.activityOf(facts);
    const parts = decisionParts(told, { activity, query: this.textOf(text), place: this.place });
    const form = formOf([
      parts.opening,
      context.actorToDatabase,
      parts.message,
      context.session,
      SLASH,
      "statement",
      bytes(`","product":${this.product},"profiles":["security_control"],"sequence":`),
      "number",
      bytes(`,"uid":"${chain}/`),
      "number",
      OCSF,
      parts.policy,
      context.source,
      parts.status,
      "time",
      parts.type,
      CHAIN,
      "previous",
      bytes(`","uid":"${chain}"},"claims":`),
      context.claims,
      bytes(',"facts":'),
      "facts",
      parts.found,
      context.session,
      STATEMENT,
      "statement",
      steps[step],
      "traceparent",
      parts.verdict,
      context.who,
      END,
    ]);
    if (form.bytes <= FORM_BYTES_MAX) this.decisions.set(rules, { told, step, context, chain, form });
    return form;
  }

  private outcomeForm(status: OutcomeStatus, activity: number, context: RecordContext, { chain }: ChainPosition): Form {
    const kept = this.outcomes.get(context) ?? [];
    for (const known of kept)
      if (known.status === status && known.activity === activity && known.chain === chain) return known.form;
    const form = formOf([
      bytes(`{"activity_id":${activity},"actor":`),
      context.actorToDatabase,
      bytes(`,"message":"Statement ended: ${status}","metadata":{"correlation_uid":"`),
      context.session,
      SLASH,
      "statement",
      bytes(`","product":${this.product},"profiles":[],"sequence":`),
      "number",
      bytes(`,"uid":"${chain}/`),
      "number",
      OCSF,
      bytes(`,"severity_id":${severity.informational},"src_endpoint":`),
      context.source,
      bytes(`,"status":"${status}",`),
      "sqlstate",
      bytes(`"status_id":${statusIds[status] ?? 2},"time":`),
      "time",
      bytes(`,"type_uid":${600500 + activity}`),
      CHAIN,
      "previous",
      bytes(`","uid":"${chain}"},"duration_us":`),
      "durationUs",
      bytes(',"kind":"outcome","masked_cells":'),
      "maskedCells",
      bytes(`,"place":${this.place},"rows":`),
      "rows",
      SESSION,
      context.session,
      STATEMENT,
      "statement",
      END,
    ]);
    this.outcomes.set(context, [...kept.slice(-OUTCOME_FORMS_MAX), { status, activity, chain, form }]);
    return form;
  }

  /** What tells a record's place in the chain. */
  private position(slot: Slot, at: ChainPosition, out: RecordWriter): void {
    if (slot === "number") out.whole(at.number);
    else if (slot === "time") this.time(at, out);
    else out.ascii(at.previous);
  }

  private rows(rows: number | null, out: RecordWriter): void {
    if (rows === null) out.piece(NULL);
    else out.whole(rows);
  }

  private time({ timeMs }: ChainPosition, out: RecordWriter): void {
    if (timeMs !== this.timeMs) {
      this.timeMs = timeMs;
      this.timeDigits = bytes(String(timeMs));
    }
    out.piece(this.timeDigits);
  }

  /** The activity that `decision` records for these facts; its outcome repeats it. */
  activityOf(facts: unknown): number {
    return this.factsOf(facts).activity;
  }

  private factsOf(facts: unknown): RecordedFacts {
    return keptByIdentity(this.facts, facts, () => recordedFacts(facts, this.digest));
  }

  /** Whole once in a page, then the number of that record: facts are most of a record, and statements run again and again. */
  private factsFor(facts: unknown, { page, number }: ChainPosition): Buffer {
    const known = this.factsOf(facts);
    if (page === undefined || known.json.length <= REFERENCE_BYTES) return known.json;
    if (known.whole?.page === page) return known.whole.reference;
    known.whole = { page, reference: lasting(`{"record":${number}}`) };
    return known.json;
  }

  private textOf(text: StatementText): Buffer {
    if (text.form === "digest") return encodedText(text);
    return this.texts.of(text.text, text.fingerprint, () => encodedText(text));
  }
}

function keptByIdentity<T>(cache: WeakMap<object, T>, key: unknown, make: () => T): T {
  if (typeof key !== "object" || key === null) return make();
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

function chainJson(at: ChainPosition): string {
  return `"chain":{"previous":"${at.previous}","uid":"${at.chain}"}`;
}

function chainSeverity(event: ChainEvent): number {
  switch (event.phase) {
    case "begin":
      return event.predecessor === null ? severity.informational : severity.high;
    case "resume":
      return event.cleanly ? severity.informational : severity.low;
    case "gap":
      return severity.high;
    case "close":
      return severity.informational;
    default:
      return event satisfies never;
  }
}

function boundedDetails(details: object): unknown {
  return JSON.parse(JSON.stringify(details), (_, value) =>
    typeof value === "string" ? boundedText(value, REASON_MAX) : value,
  );
}
