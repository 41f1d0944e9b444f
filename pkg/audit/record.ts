// One event becomes one OCSF 1.8 event in canonical JSON, at its place in the chain. The order of the members is written out here
// instead of sorted at run time (test/audit/record.test.ts proves it equal to the generic encoder); parts that repeat are encoded once
// and kept by identity, so events and what they hold must never be changed after they were handed over.

import { boundedName, boundedText, withoutQuoted } from "./bounded-text.ts";
import { canonicalJson, canonicalString } from "./canonical-json.ts";
import type { ChainPosition } from "./chain.ts";
import type { ChainEvent } from "./chain-event.ts";
import type { Digest } from "./digest.ts";
import type {
  DecisionEvent,
  OutcomeEvent,
  PolicyEvent,
  RuleName,
  SessionEvent,
  StatementText,
  Verdict,
} from "./event.ts";
import { type Place, placeJson } from "./place.ts";
import type { RecordContext } from "./record-context.ts";
import { type RecordedFacts, recordedFacts } from "./recorded-facts.ts";
import { TextCache } from "./text-cache.ts";

export const OCSF_VERSION = "1.8.0";
export const TEXT_MAX = 16 * 1024;
const REASON_MAX = 1024;
const RULES_MAX = 256;
/** PostgreSQL allows 1664 result columns. */
const MASKS_MAX = 1664;

/** Member names, numbers, hashes and the line around an ending record. */
const ENDING_BYTES = 1536;

const severity = { informational: 1, low: 2, medium: 3, high: 4 } as const;

interface Outlook {
  readonly action: number;
  readonly disposition: number;
  readonly message: string;
  readonly severity: number;
  readonly status: number;
}

/** OCSF action (1 allowed, 2 denied, 3 observed, 4 modified) and disposition (1 allowed, 2 blocked, 11 corrected, 14 delayed, 17 logged). */
const outlooks: Readonly<Record<Verdict | "mask", Outlook>> = {
  allow: { action: 1, disposition: 1, message: "Statement allowed", severity: severity.informational, status: 1 },
  mask: {
    action: 4,
    disposition: 11,
    message: "Statement allowed, its result masked",
    severity: severity.informational,
    status: 1,
  },
  refuse: { action: 2, disposition: 2, message: "Statement refused", severity: severity.medium, status: 2 },
  hold: { action: 0, disposition: 14, message: "Statement held for approval", severity: severity.low, status: 0 },
  observe: { action: 3, disposition: 17, message: "Statement observed", severity: severity.informational, status: 1 },
};

/** What every record of one sidecar shares. */
export interface RecordSource {
  readonly place: Place;
  readonly productVersion: string;
  readonly digest: Digest;
}

interface EncodedRules {
  readonly list: string;
  /** OCSF `policy` without its version and closing brace. */
  readonly policy: string;
}

export class RecordEncoder {
  private readonly place: string;
  private readonly product: string;
  private readonly productVersion: string;
  private readonly digest: Digest;
  private readonly fixedBytes: number;
  private readonly facts = new WeakMap<object, RecordedFacts>();
  private readonly rules = new WeakMap<object, EncodedRules>();
  private readonly masks = new WeakMap<object, string>();
  private readonly texts = new TextCache();

  constructor(source: RecordSource) {
    this.place = placeJson(source.place);
    this.productVersion = boundedName(source.productVersion);
    this.product = canonicalJson({ name: "Weir", vendor_name: "Weir", version: this.productVersion });
    this.digest = source.digest;
    this.fixedBytes = ENDING_BYTES + Buffer.byteLength(this.place) + Buffer.byteLength(this.product);
  }

  decision(event: DecisionEvent, context: RecordContext, at: ChainPosition): string {
    const outlook = outlooks[event.verdict === "allow" && event.masks.length > 0 ? "mask" : event.verdict];
    const facts = this.factsOf(event.facts);
    const rules = this.rulesOf(event.rules);
    const reason = event.text.form === "digest" && event.reason !== null ? withoutQuoted(event.reason) : event.reason;
    return (
      `{"action_id":${outlook.action},"activity_id":${facts.activity},"actor":${context.actor},"category_uid":6,"class_uid":6005,` +
      `"database":${context.database},"disposition_id":${outlook.disposition},"message":"${outlook.message}",` +
      this.metadata(`${context.session}/${event.statement}`, '"security_control"', at) +
      `"policy":${rules.policy},"version":${canonicalString(boundedName(event.policyVersion))}},` +
      `"query_info":${this.textOf(event.text)},"severity_id":${outlook.severity},"src_endpoint":${context.source},` +
      statusDetail(event.sqlstate, reason) +
      `"status_id":${outlook.status},"time":${at.timeMs},"type_uid":${600500 + facts.activity},` +
      `"unmapped":{"weir":{${chain(at)},"claims":${context.claims},"facts":${facts.json},"kind":"decision",` +
      `"masks":${this.masksOf(event.masks)},"place":${this.place},"rules":${rules.list},"session":"${context.session}",` +
      `"statement":${event.statement},"step":"${event.step}","verdict":"${event.verdict}","who":${context.who}}}}`
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

  private rulesOf(rules: readonly RuleName[]): EncodedRules {
    if (rules.length === 0) return noRules;
    return keptByIdentity(this.rules, rules, () => encodedRules(rules));
  }

  private masksOf(masks: DecisionEvent["masks"]): string {
    if (masks.length === 0) return "[]";
    return keptByIdentity(this.masks, masks, () => encodedMasks(masks));
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

function encodedRules(rules: readonly RuleName[]): EncodedRules {
  const named = rules
    .slice(0, RULES_MAX)
    .map(({ policy, rule }) => ({ policy: boundedName(policy), rule: boundedName(rule) }));
  const first = named[0];
  const policy = canonicalJson(
    first === undefined ? { name: "none" } : { name: first.policy, uid: `${first.policy}/${first.rule}` },
  );
  return { list: canonicalJson(named), policy: policy.slice(0, -1) };
}

const noRules = encodedRules([]);

function encodedMasks(masks: DecisionEvent["masks"]): string {
  return canonicalJson(
    masks
      .slice(0, MASKS_MAX)
      .map((mask) => ({ class: boundedName(mask.class), column: mask.column, method: boundedName(mask.method) })),
  );
}

/** OCSF `query_info`; its `data` (the answer) stays empty for ever. */
function encodedText(text: StatementText): string {
  const uid = text.fingerprint === null ? undefined : boundedName(text.fingerprint);
  const query = text.form === "normalized" ? boundedText(text.text, TEXT_MAX) : `hmac-sha256:${boundedName(text.hmac)}`;
  return canonicalJson({ name: text.form, query_string: query, uid });
}

/** `status_code` and `status_detail`, each only when there is one. */
function statusDetail(code: string | null, detail: string | null): string {
  const codeMember = code === null ? "" : `"status_code":${canonicalString(boundedText(code, 16))},`;
  return detail === null
    ? codeMember
    : `${codeMember}"status_detail":${canonicalString(boundedText(detail, REASON_MAX))},`;
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
