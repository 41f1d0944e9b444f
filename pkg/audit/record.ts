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
  REASON_MAX,
  severity,
  statusDetail,
  type Told,
} from "./decision-parts.ts";
import type { Digest } from "./digest.ts";
import type { DecisionEvent, OutcomeEvent, PolicyEvent, SessionEvent, StatementText } from "./event.ts";
import { type Place, placeJson } from "./place.ts";
import type { RecordContext } from "./record-context.ts";
import { type RecordedFacts, recordedFacts } from "./recorded-facts.ts";
import { TextCache } from "./text-cache.ts";

export { TEXT_MAX } from "./decision-parts.ts";

export const OCSF_VERSION = "1.8.0";

/** Member names, numbers, hashes and the line around an ending record. */
const ENDING_BYTES = 1536;

/** What every record of one sidecar shares. */
export interface RecordSource {
  readonly place: Place;
  readonly productVersion: string;
  readonly digest: Digest;
}

interface KnownDecision {
  readonly told: Told;
  readonly parts: DecisionParts;
}

export class RecordEncoder {
  private readonly place: string;
  private readonly product: string;
  private readonly productVersion: string;
  private readonly digest: Digest;
  private readonly fixedBytes: number;
  private readonly facts = new WeakMap<object, RecordedFacts>();
  /** By the list of rules, which a decision has for itself. */
  private readonly decisions = new WeakMap<object, KnownDecision>();
  private readonly texts = new TextCache();

  constructor(source: RecordSource) {
    this.place = placeJson(source.place);
    this.productVersion = boundedName(source.productVersion);
    this.product = canonicalJson({ name: "Weir", vendor_name: "Weir", version: this.productVersion });
    this.digest = source.digest;
    this.fixedBytes = ENDING_BYTES + Buffer.byteLength(this.place) + Buffer.byteLength(this.product);
  }

  decision(event: DecisionEvent, context: RecordContext, at: ChainPosition): string {
    const facts = this.factsOf(event.facts);
    const parts = this.partsOf(event, facts.activity);
    return (
      `${parts.opening}${context.actor},"category_uid":6,"class_uid":6005,"database":${context.database}${parts.message}` +
      this.metadata(`${context.session}/${event.statement}`, '"security_control"', at) +
      `${parts.policy}${context.source}${parts.status}${at.timeMs}${parts.type}` +
      `${chain(at)},"claims":${context.claims},"facts":${facts.json}${parts.masks}${this.place}${parts.rules}${context.session}",` +
      `"statement":${event.statement},"step":"${event.step}${parts.verdict}${context.who}}}}`
    );
  }

  /** `activity`: that of the decision. */
  outcome(event: OutcomeEvent, context: RecordContext, activity: number, at: ChainPosition): string {
    const failed = event.status !== "completed" && event.status !== "unknown" && event.status !== "skipped";
    const status = event.status === "skipped" ? 99 : event.status === "unknown" ? 0 : failed ? 2 : 1;
    return (
      `{"activity_id":${activity},"actor":${context.actor},"category_uid":6,"class_uid":6005,"database":${context.database},` +
      `"message":"Statement ended: ${event.status}",` +
      this.metadata(`${context.session}/${event.statement}`, "", at) +
      `"severity_id":1,"src_endpoint":${context.source},"status":"${event.status}",` +
      statusDetail(event.sqlstate, null) +
      `"status_id":${status},"time":${at.timeMs},"type_uid":${600500 + activity},` +
      `"unmapped":{"weir":{${chain(at)},"duration_us":${whole(event.durationUs)},"kind":"outcome",` +
      `"masked_cells":${whole(event.maskedCells)},"place":${this.place},"rows":${event.rows === null ? "null" : whole(event.rows)},` +
      `"session":"${context.session}","statement":${event.statement}}}}`
    );
  }

  /** OCSF Authentication: 1 logon (also refused), 2 logoff. */
  session(event: SessionEvent, context: RecordContext, at: ChainPosition): string {
    const activity = event.phase === "close" ? 2 : 1;
    const refused = event.phase === "refused";
    const user = context.actor.slice('{"user":'.length, -1);
    return (
      `{"activity_id":${activity},"category_uid":3,"class_uid":3002,"is_cleartext":${!event.tls},` +
      `"message":"${refused ? "Session refused" : event.phase === "open" ? "Session opened" : "Session closed"}",` +
      this.metadata(context.session, "", at) +
      `"service":{"name":"postgresql"},"session":{"uid":"${context.session}"},` +
      `"severity_id":${refused ? severity.medium : severity.informational},"src_endpoint":${context.source},` +
      statusDetail(null, event.reason) +
      `"status_id":${refused ? 2 : 1},"time":${at.timeMs},"type_uid":${300200 + activity},` +
      `"unmapped":{"weir":{${chain(at)},"claims":${context.claims},"database":${context.database},"kind":"session",` +
      `"phase":"${event.phase}","place":${this.place},"session":"${context.session}","who":${context.who}}},"user":${user}}`
    );
  }

  /** OCSF Entity Management, update: another policy is in force. */
  policy(event: PolicyEvent, at: ChainPosition): string {
    const version = canonicalString(boundedName(event.version));
    return (
      `{"activity_id":3,"category_uid":3,"class_uid":3004,` +
      `"entity":{"name":"policy bundle","type":"policy","version":${version}},"message":"Policy in force changed",` +
      this.metadata("policy", "", at) +
      `"severity_id":1,${statusDetail(null, event.reason)}"status_id":1,"time":${at.timeMs},"type_uid":300403,` +
      `"unmapped":{"weir":{${chain(at)},"kind":"policy","place":${this.place},"version":${version}}}}`
    );
  }

  /** OCSF Application Lifecycle: 3 start, 4 stop, 99 for a gap. */
  chainEvent(event: ChainEvent, at: ChainPosition): string {
    const activity = { begin: 3, resume: 3, close: 4, gap: 99 }[event.phase];
    const { event: _, phase, ...details } = event;
    return (
      `{"activity_id":${activity},"app":${this.product},"category_uid":6,"class_uid":6002,"message":"Chain of records: ${phase}",` +
      this.metadata("chain", "", at) +
      `"severity_id":${chainSeverity(event)},"status_id":1,"time":${at.timeMs},"type_uid":${600200 + activity},` +
      `"unmapped":{"weir":{${chain(at)},"details":${canonicalJson(boundedDetails(details))},"kind":"chain","phase":"${phase}","place":${this.place}}}}`
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

  private metadata(correlation: string, profiles: string, at: ChainPosition): string {
    return (
      `"metadata":{"correlation_uid":"${correlation}","product":${this.product},"profiles":[${profiles}],` +
      `"sequence":${at.number},"uid":"${at.chain}/${at.number}","version":"${OCSF_VERSION}"},`
    );
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
    const parts = decisionParts(told, activity, this.textOf(text));
    this.decisions.set(rules, { told, parts });
    return parts;
  }

  private textOf(text: StatementText): string {
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

function chain(at: ChainPosition): string {
  return `"chain":{"previous":"${at.previous}","uid":"${at.chain}"}`;
}

function whole(value: number): number {
  return Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0;
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
