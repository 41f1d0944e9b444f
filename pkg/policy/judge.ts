// One statement against the rules of one mode: everything they find, before one decision is made of it.
import type { Facts, OutputColumn, Understood } from "../sql/facts.ts";
import type { Binding } from "./binding.ts";
import type { ClassBook } from "./class-book.ts";
import type { ColumnMask, Refusal, RowLimit, RuleRef, Warning, WriteLimit } from "./decision.ts";
import { type Estimate, judgeGuard } from "./guard-rule.ts";
import { hiddenRefusals } from "./hidden-rule.ts";
import { type MaskView, maskView } from "./label.ts";
import { columnMask } from "./mask-plan.ts";
import { refusal } from "./refusal.ts";
import { statementRefusals } from "./statement-rule.ts";
import { functionRefusals, launderingRefusals, predicateRefusals } from "./value-rules.ts";

export interface Case {
  readonly facts: Facts;
  readonly book: ClassBook | null;
  readonly alone: boolean;
  readonly estimate: Estimate;
}

export interface Findings {
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Warning[];
  readonly limits: readonly RowLimit[];
  readonly writeLimits: readonly WriteLimit[];
  /** null: no column is masked. */
  readonly columns: readonly (ColumnMask | null)[] | null;
}

export function judge(binding: Binding, which: Case): Findings {
  const refusals: Refusal[] = [];
  const warnings: Warning[] = [];
  const limits: RowLimit[] = [];
  const writeLimits: WriteLimit[] = [];
  for (const bound of binding.guards) {
    const found = judgeGuard(bound, which);
    if (found === null) continue;
    if (found.says === "refuse") refusals.push(found.refusal);
    else if (found.says === "limit") limits.push(found.limit);
    else if (found.says === "count") writeLimits.push(found.limit);
    else warnings.push({ rule: { policy: bound.policy.policy.name, rule: bound.guard.name }, message: found.message });
  }
  const columns = judgeMasks(binding, which, refusals);
  const inner = innerFacts(which.facts);
  if (inner !== null) refusals.push(...judge(binding, { ...which, facts: inner, alone: true }).refusals);
  return { refusals, warnings, limits, writeLimits, columns };
}

/** What PREPARE and DECLARE hold is judged with them, so that it fails where it is written. */
function innerFacts(facts: Facts): Facts | null {
  if (!facts.understood || facts.name === undefined) return null;
  return facts.name.do === "prepare" || facts.name.do === "declare" ? facts.name.statement : null;
}

function judgeMasks({ masks }: Binding, { facts, book }: Case, refusals: Refusal[]): Findings["columns"] {
  if (masks === null) return null;
  if (!facts.understood) {
    refusals.push(...masks.masking.map(({ policy }) => notUnderstood(policy.name, facts.why)));
    return null;
  }
  const view = maskView(masks, book, facts);
  for (const rule of maskRules) {
    const found = rule(view, facts);
    if (found.length > 0) refusals.push(...found);
  }
  return facts.outputs === null ? null : columnMasks(view, facts.outputs);
}

const maskRules: readonly ((view: MaskView, facts: Understood) => readonly Refusal[])[] = [
  statementRefusals,
  functionRefusals,
  predicateRefusals,
  launderingRefusals,
  hiddenRefusals,
];

function columnMasks(view: MaskView, outputs: readonly OutputColumn[]): Findings["columns"] {
  const columns = outputs.map((output) => columnMask(view, output));
  return columns.some((column) => column !== null) ? columns : null;
}

function notUnderstood(policy: string, why: string): Refusal {
  return refusal(policy, "not-understood", {
    message: "what this statement does is not understood, so it is not run while columns are masked for you",
    detail: `Policy ${policy} masks data for you on this database, and the statement was not understood: ${why}.`,
    hint: "Write the statement in a plainer form, or ask the owners of the policy.",
  });
}

/** Rules behind what was found, sorted and without repetition. */
export function rulesIn(found: Findings): readonly RuleRef[] {
  const masks = (found.columns ?? []).flatMap(maskRefs);
  const all = [
    ...found.refusals,
    ...found.warnings,
    ...[...found.limits, ...found.writeLimits].map((limit) => limit.refusal),
  ].map(({ rule }) => rule);
  const byName = new Map([...all, ...masks].map((rule) => [`${rule.policy}\0${rule.rule}`, rule]));
  return [...byName.keys()].sort().map((key) => byName.get(key)!);
}

function maskRefs(mask: ColumnMask | null): readonly RuleRef[] {
  if (mask === null) return [];
  switch (mask.apply) {
    case "method":
      return [mask.mask.rule];
    case "default":
      return [mask.rule];
    case "paths":
      return mask.paths.map((each) => each.mask.rule);
  }
  return mask satisfies never;
}
