// One event becomes one OCSF 1.8 event in canonical JSON, at its place in the chain. The order of the members is written out here
// instead of sorted at run time (test/audit/record.test.ts proves it equal to the generic encoder); parts that repeat are encoded once
// and kept by identity, so events and what they hold must never be changed after they were handed over.

import { boundedName, boundedText } from "./bounded-text.ts";
import { canonicalJson, canonicalString } from "./canonical-json.ts";
import type { ChainPosition } from "./chain.ts";
import type { ChainEvent } from "./chain-event.ts";
import {
  type DecisionParts,
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
import { type Place, placeJson } from "./place.ts";
import type { RecordContext } from "./record-context.ts";
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
const UID = bytes(',"uid":"');
const CHAIN_UID = bytes('","uid":"');
const CLAIMS = bytes('"},"claims":');
const FACTS = bytes(',"facts":');
const STATEMENT = bytes('","statement":');
const ACTIVITY = bytes('{"activity_id":');
const ACTOR = bytes(',"actor":');
const SOURCE = bytes(`","version":"${OCSF_VERSION}"},"severity_id":${severity.informational},"src_endpoint":`);
const TYPE = bytes(',"type_uid":');
const CHAIN = bytes(',"unmapped":{"weir":{"chain":{"previous":"');
const DURATION = bytes('"},"duration_us":');
const MASKED_CELLS = bytes(',"kind":"outcome","masked_cells":');
const SESSION = bytes(',"session":"');
const NULL = bytes("null");
const END = bytes("}}}");

const steps = encodedNames(
  ["query", "parse", "bind", "execute", "copy", "function", "inspect", "catalog", "commit"],
  (step: DecisionEvent["step"]) => bytes(`,"step":"${step}`),
);

const endings = encodedNames(
  ["completed", "failed", "refused", "cancelled", "broken", "skipped", "unknown"],
  (status: OutcomeStatus) => ({
    message: bytes(`,"message":"Statement ended: ${status}","metadata":{"correlation_uid":"`),
    status: bytes(`,"status":"${status}",`),
    statusId: bytes(`"status_id":${statusIds[status] ?? 2},"time":`),
  }),
);

function encodedNames<N extends string, T>(names: readonly N[], encode: (name: N) => T): Readonly<Record<N, T>> {
  return Object.fromEntries(names.map((name) => [name, encode(name)])) as Record<N, T>;
}

interface KnownDecision {
  readonly told: Told;
  readonly parts: DecisionParts;
}

export class RecordEncoder {
  private readonly place: string;
  /** From a statement's number to the record's own: with the profile of decisions, and without. */
  private readonly governed: Buffer;
  private readonly plain: Buffer;
  private readonly placeToRows: Buffer;
  private readonly product: string;
  private readonly productVersion: string;
  private readonly digest: Digest;
  private readonly fixedBytes: number;
  /** The last time that was written: records of one millisecond share it. */
  private timeMs = 0;
  private timeDigits = bytes("0");
  private readonly facts = new WeakMap<object, RecordedFacts>();
  /** By the list of rules, which a decision has for itself. */
  private readonly decisions = new WeakMap<object, KnownDecision>();
  private readonly texts = new TextCache();

  constructor(source: RecordSource) {
    this.place = placeJson(source.place);
    this.productVersion = boundedName(source.productVersion);
    this.product = canonicalJson({ name: "Weir", vendor_name: "Weir", version: this.productVersion });
    this.digest = source.digest;
    this.governed = bytes(`","product":${this.product},"profiles":["security_control"],"sequence":`);
    this.plain = bytes(`","product":${this.product},"profiles":[],"sequence":`);
    this.placeToRows = bytes(`,"place":${this.place},"rows":`);
    this.fixedBytes = ENDING_BYTES + Buffer.byteLength(this.place) + Buffer.byteLength(this.product);
  }

  decision(event: DecisionEvent, context: RecordContext, at: ChainPosition, out: RecordWriter): void {
    const facts = this.factsOf(event.facts);
    const parts = this.partsOf(event, facts.activity);
    out.piece(parts.opening);
    out.piece(context.actorToDatabase);
    out.piece(parts.message);
    out.piece(context.session);
    this.statement(event.statement, this.governed, at, out);
    out.piece(parts.policy);
    out.piece(parts.query);
    out.piece(parts.severity);
    out.piece(context.source);
    out.piece(parts.status);
    this.time(at, out);
    out.piece(parts.type);
    this.chain(at, out);
    out.piece(CLAIMS);
    out.piece(context.claims);
    out.piece(FACTS);
    out.piece(facts.json);
    out.piece(parts.found);
    out.piece(context.session);
    out.piece(STATEMENT);
    out.whole(event.statement);
    out.piece(steps[event.step]);
    out.piece(parts.verdict);
    out.piece(context.who);
    out.piece(END);
  }

  /** `activity`: that of the decision. */
  outcome(event: OutcomeEvent, context: RecordContext, activity: number, at: ChainPosition, out: RecordWriter): void {
    const ended = endings[event.status];
    out.piece(ACTIVITY);
    out.whole(activity);
    out.piece(ACTOR);
    out.piece(context.actorToDatabase);
    out.piece(ended.message);
    out.piece(context.session);
    this.statement(event.statement, this.plain, at, out);
    out.piece(SOURCE);
    out.piece(context.source);
    out.piece(ended.status);
    if (event.sqlstate !== null) out.text(statusDetail(event.sqlstate, null));
    out.piece(ended.statusId);
    this.time(at, out);
    out.piece(TYPE);
    out.whole(600500 + activity);
    out.piece(CHAIN);
    this.chain(at, out);
    out.piece(DURATION);
    out.whole(event.durationUs);
    out.piece(MASKED_CELLS);
    out.whole(event.maskedCells);
    out.piece(this.placeToRows);
    if (event.rows === null) out.piece(NULL);
    else out.whole(event.rows);
    out.piece(SESSION);
    out.piece(context.session);
    out.piece(STATEMENT);
    out.whole(event.statement);
    out.piece(END);
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

  /** The rest of the metadata of a statement's record, behind the session's name. */
  private statement(statement: number, product: Buffer, at: ChainPosition, out: RecordWriter): void {
    out.piece(SLASH);
    out.whole(statement);
    out.piece(product);
    out.whole(at.number);
    out.piece(UID);
    out.ascii(at.chain);
    out.piece(SLASH);
    out.whole(at.number);
  }

  private time({ timeMs }: ChainPosition, out: RecordWriter): void {
    if (timeMs !== this.timeMs) {
      this.timeMs = timeMs;
      this.timeDigits = bytes(String(timeMs));
    }
    out.piece(this.timeDigits);
  }

  /** The chain's members behind `{"previous":"`. */
  private chain(at: ChainPosition, out: RecordWriter): void {
    out.ascii(at.previous);
    out.piece(CHAIN_UID);
    out.ascii(at.chain);
  }

  /** The activity that `decision` records for these facts; its outcome repeats it. */
  activityOf(facts: unknown): number {
    return this.factsOf(facts).activity;
  }

  private factsOf(facts: unknown): RecordedFacts {
    return keptByIdentity(this.facts, facts, () => recordedFacts(facts, this.digest));
  }

  private partsOf(event: DecisionEvent, activity: number): DecisionParts {
    const known = this.decisions.get(event.rules);
    if (known !== undefined && isSame(known.told, event)) return known.parts;
    const { verdict, rules, reason, sqlstate, text, masks, policyVersion, facts } = event;
    const told: Told = { verdict, rules, reason, sqlstate, text, masks, policyVersion, facts };
    const parts = decisionParts(told, { activity, query: this.textOf(text), place: this.place });
    this.decisions.set(rules, { told, parts });
    return parts;
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
