// One decision of one statement. Comes in: rules, facts, who asks and where; goes out: allow with how each column leaves, or refuse
// with a reason. All matching policies apply together, their order never matters, and what is not known is taken as the worst.
import type { Facts, RelationUse } from "../sql/facts.ts";
import { auditRule } from "./audit-rule.ts";
import { type Asker, type Bindings, bindingsOf } from "./binding.ts";
import type { ClassBook } from "./class-book.ts";
import { type DatabaseRules, rulesOf } from "./database-rules.ts";
import type { Decision, Refusal, RowLimit, RuleRef, StoredColumn } from "./decision.ts";
import { judgeGrants, type Narrowed } from "./grant-rule.ts";
import type { Estimate } from "./guard-rule.ts";
import { type Case, type Findings, judge, rulesIn } from "./judge.ts";
import { maskView } from "./label.ts";
import { type Clear, lifts } from "./lifting.ts";
import type { MaskRules } from "./mask-rules.ts";
import { wereMasks, withoutMasks } from "./nothing-protected.ts";
import { decidedPermit } from "./permit.ts";
import { chosen, refusal } from "./refusal.ts";
import { storedColumns } from "./stored-columns.ts";

export interface DecisionRequest extends Asker {
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly facts: Facts;
  /** null when no catalogue is loaded: then no column's classes are known. */
  readonly book: ClassBook | null;
  /** It is the only statement of its string. */
  readonly alone: boolean;
  /** The spool takes records. */
  readonly auditWritable: boolean;
  /** What the server has said in front of this statement. Absent: it was not asked, or some column has a class. */
  readonly clear?: Clear | null;
  /** Rows of a relation (`reltuples`), null when not known; absent: never known. */
  readonly estimate?: Estimate;
}

const nothingKnown: Estimate = () => null;

export function decide(request: DecisionRequest): Decision {
  return decideUnder(bindingsOf(request, request), request);
}

/** `bindings`: those of the request. */
export function decideUnder(bindings: Bindings, request: DecisionRequest): Decision {
  const which = {
    facts: request.facts,
    book: request.book,
    alone: request.alone,
    estimate: request.estimate ?? nothingKnown,
  };
  if (lifts(bindings.enforce.masks?.lifting ?? "Refuse", request.clear ?? null, request.facts))
    return { ...decisionOf(withoutMasks(bindings), which, request, false), masksWere: "lifted" };
  const decision = decisionOf(bindings, which, request);
  const masksWere = wereMasks(decision, bindings.enforce, which);
  return masksWere === decision.masksWere ? decision : { ...decision, masksWere };
}

/** `mayTouch`: some column of the database may have a class. */
function decisionOf({ enforce, observe }: Bindings, which: Case, request: DecisionRequest, mayTouch = true): Decision {
  const rules = rulesOf(request.set, request.database);
  const found = narrowedBy(judgeGrants(request), judge(enforce, which));
  const touches = mayTouch && touchesClass(rules, request);
  const audit = auditRule(rules, enforce, touches);
  const told = chosen(
    request.auditWritable || audit.policy === null ? found.refusals : [...found.refusals, notRecorded(audit.policy)],
  );
  const common = {
    matched: rulesIn(found),
    observed: observe === null ? [] : added(rulesIn(judge(observe, which)), rulesIn(found)),
    warnings: found.warnings,
    masksWere: "in force" as const,
  };
  if (told !== undefined)
    return { verdict: "refuse", refusal: told, ...common, matched: added([...common.matched, told.rule], []) };
  const scrub = enforce.masks !== null && (touches || readsClass(request));
  return {
    verdict: "allow",
    permit: decidedPermit,
    masks: { columns: found.columns },
    rowLimit: smallest(found.limits),
    writeLimits: found.writeLimits,
    scrub,
    witness: enforce.masks !== null,
    pins: scrub ? pinsOf(enforce.masks, request) : nothingPinned,
    stores: storesOf(enforce, request),
    onAuditFailure: audit.onFailure,
    durability: audit.durability,
    ...common,
  };
}

/** What the principal's token adds. */
function narrowedBy({ refusals, limits }: Narrowed, found: Findings): Findings {
  if (refusals.length === 0 && limits.length === 0) return found;
  return { ...found, refusals: [...refusals, ...found.refusals], limits: [...limits, ...found.limits] };
}

/** Without a catalogue any statement may touch a class, unless no policy gives one. */
function touchesClass(rules: DatabaseRules, { facts, book }: DecisionRequest): boolean {
  if (rules.classes.length === 0) return false;
  if (book !== null) return book.touchesClass(facts);
  return (
    !facts.understood || facts.relations.some(reachesRows) || facts.functions.some((use) => use.trust === "opaque")
  );
}

/** LOCK reads and writes nothing. */
function reachesRows({ access }: RelationUse): boolean {
  return access.some((effect) => effect !== "Lock");
}

function storesOf({ masks }: Bindings["enforce"], { facts, book }: DecisionRequest): readonly StoredColumn[] {
  return masks === null || !facts.understood ? [] : storedColumns(maskView(masks, book, facts), facts);
}

/** A relation that is read holds a class: an error may tell a value of it that the result does not show. */
function readsClass({ facts, book }: DecisionRequest): boolean {
  return facts.understood && book !== null && facts.relations.some(({ oid }) => book.classesIn(oid).length > 0);
}

const nothingPinned: readonly number[] = [];

/** A masked principal may alter what carries no class that is hidden from him; columns of one such relation decide what all names mean. */
function pinsOf(masks: MaskRules | null, { facts, book }: DecisionRequest): readonly number[] {
  if (masks === null || !facts.understood || facts.named === undefined) return nothingPinned;
  const mayBeAltered = facts.named.some((oid) => book === null || masks.protectionIn(book, oid).length === 0);
  return mayBeAltered ? facts.named : nothingPinned;
}

function notRecorded(policy: string): Refusal {
  return refusal(policy, "audit", {
    message: "no record of this statement can be kept at the moment, so it is not run",
    detail: `Policy ${policy} demands a record before the statement runs (audit.onFailure: Deny).`,
    hint: "Try again when the sidecar's record store has room; nothing is wrong with the statement.",
  });
}

/** The smallest limit; of equal ones that which no approval can lift. */
function smallest(limits: readonly RowLimit[]): RowLimit | null {
  if (limits.length === 0) return null;
  const rows = Math.min(...limits.map((limit) => limit.rows));
  const told = chosen(limits.filter((limit) => limit.rows === rows).map((limit) => limit.refusal))!;
  return { rows, refusal: told };
}

/** `rules` without repetition and without `known`. */
function added(rules: readonly RuleRef[], known: readonly RuleRef[]): readonly RuleRef[] {
  const seen = new Set(known.map(keyOf));
  return rules.filter((rule) => !seen.has(keyOf(rule)) && seen.add(keyOf(rule)));
}

function keyOf({ policy, rule }: RuleRef): string {
  return `${policy}\0${rule}`;
}
