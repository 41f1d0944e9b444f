// The parts of a decision's record that do not tell who, when or where in the chain: a statement that runs again has the same ones, so
// they are encoded once. Each is a run of members in canonical order, as record.ts puts them together.
import { boundedName, boundedText, withoutQuoted } from "./bounded-text.ts";
import { canonicalJson, canonicalString } from "./canonical-json.ts";
import type { DecisionEvent, RuleName, StatementText, Verdict } from "./event.ts";

export const OCSF_VERSION = "1.8.0";
export const TEXT_MAX = 16 * 1024;
export const REASON_MAX = 1024;
const RULES_MAX = 256;
/** PostgreSQL allows 1664 result columns. */
const MASKS_MAX = 1664;

export const severity = { informational: 1, low: 2, medium: 3, high: 4 } as const;

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

export interface DecisionParts {
  /** Up to the actor. */
  readonly opening: Buffer;
  /** From the disposition to the session. */
  readonly message: Buffer;
  /** From the policy to the source. */
  readonly policy: Buffer;
  /** From the status to the time. */
  readonly status: Buffer;
  readonly type: Buffer;
  /** From the kind to the session. */
  readonly found: Buffer;
  /** The verdict, behind the step. */
  readonly verdict: Buffer;
}

/** What the parts are made of: with all of them the same, the parts are. */
export type Told = Pick<
  DecisionEvent,
  "verdict" | "rules" | "reason" | "sqlstate" | "text" | "masks" | "policyVersion" | "facts"
>;

export function isSame(a: Told, b: Told): boolean {
  return (
    a.facts === b.facts &&
    a.rules === b.rules &&
    a.masks === b.masks &&
    a.text === b.text &&
    a.verdict === b.verdict &&
    a.reason === b.reason &&
    a.sqlstate === b.sqlstate &&
    a.policyVersion === b.policyVersion
  );
}

export interface Frame {
  /** OCSF activity of the facts. */
  readonly activity: number;
  /** The text as `encodedText` writes it. */
  readonly query: Buffer;
  /** Canonical JSON of the place. */
  readonly place: string;
}

export function decisionParts(told: Told, { activity, query, place }: Frame): DecisionParts {
  const outlook = outlooks[told.verdict === "allow" && told.masks.length > 0 ? "mask" : told.verdict];
  const reason = told.text.form === "digest" && told.reason !== null ? withoutQuoted(told.reason) : told.reason;
  const { list, policy } = encodedRules(told.rules);
  const version = canonicalString(boundedName(told.policyVersion));
  const bytes = (text: string) => Buffer.from(text);
  return {
    opening: bytes(`{"action_id":${outlook.action},"activity_id":${activity},"actor":`),
    message: bytes(
      `,"disposition_id":${outlook.disposition},"message":"${outlook.message}","metadata":{"correlation_uid":"`,
    ),
    policy: Buffer.concat([
      bytes(`,"policy":${policy},"version":${version}},"query_info":`),
      query,
      bytes(`,"severity_id":${outlook.severity},"src_endpoint":`),
    ]),
    status: bytes(`,${statusDetail(told.sqlstate, reason)}"status_id":${outlook.status},"time":`),
    type: bytes(`,"type_uid":${600500 + activity}`),
    found: bytes(`,"kind":"decision","masks":${encodedMasks(told.masks)},"place":${place},"rules":${list},"session":"`),
    verdict: bytes(`,"verdict":"${told.verdict}","who":`),
  };
}

interface EncodedRules {
  readonly list: string;
  /** OCSF `policy` without its version and closing brace. */
  readonly policy: string;
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

function encodedMasks(masks: DecisionEvent["masks"]): string {
  return canonicalJson(
    masks
      .slice(0, MASKS_MAX)
      .map((mask) => ({ class: boundedName(mask.class), column: mask.column, method: boundedName(mask.method) })),
  );
}

/** OCSF `query_info`; its `data` (the answer) stays empty for ever. */
export function encodedText(text: StatementText): Buffer {
  const uid = text.fingerprint === null ? undefined : boundedName(text.fingerprint);
  const query = text.form === "normalized" ? boundedText(text.text, TEXT_MAX) : `hmac-sha256:${boundedName(text.hmac)}`;
  return Buffer.from(canonicalJson({ name: text.form, query_string: query, uid }));
}

/** `status_code` and `status_detail`, each only when there is one. */
export function statusDetail(code: string | null, detail: string | null): string {
  const codeMember = code === null ? "" : `"status_code":${canonicalString(boundedText(code, 16))},`;
  return detail === null
    ? codeMember
    : `${codeMember}"status_detail":${canonicalString(boundedText(detail, REASON_MAX))},`;
}
