// Values under a mask: functions that cannot be analysed, protected columns in conditions (R9), protected values in stores (R8).
import type { ColumnRef, Flow, FunctionUse, Lineage, PredicateUse, Understood } from "../sql/facts.ts";
import type { Refusal } from "./decision.ts";
import { functionKey } from "./function-key.ts";
import { isWithin } from "./json-path.ts";
import { type Carried, isPlaced, labelOf, labelOfSources, type MaskView, nameOf } from "./label.ts";
import { listed, refusal } from "./refusal.ts";

export function functionRefusals(view: MaskView, facts: Understood): readonly Refusal[] {
  return facts.functions.filter(({ trust }) => trust === "opaque").flatMap((use) => functionRefusal(view, use));
}

function functionRefusal(view: MaskView, use: FunctionUse): readonly Refusal[] {
  return view.rules.notVouching(functionKey(use.name)).map(({ policy: { name: policy } }) =>
    refusal(policy, "functions", {
      message: `function ${use.name} cannot be analysed, so it is not called while columns are masked for you`,
      detail: `Policy ${policy} masks data for you on this database, and does not list ${use.name} as safe.`,
      hint: `Leave the function out, or ask the owners of the policy to list "${use.name}" under functions.safe.`,
    }),
  );
}

export function predicateRefusals(view: MaskView, facts: Understood): readonly Refusal[] {
  return facts.predicates.flatMap((use) => predicateRefusal(view, use));
}

function predicateRefusal(view: MaskView, use: PredicateUse): readonly Refusal[] {
  const label = labelOfSources(view, [use.path === undefined ? use.column : { ...use.column, path: use.path }]);
  if (label.kind === "unknown") {
    const { policy } = view.rules.rule;
    if (use.column.relation === 0) return [unknownPredicate(policy, use)];
    return [predicateText(policy, use, `Policy ${policy} masks data for you on this database, and ${label.why}.`)];
  }
  const carried = label.kind === "carries" ? label.carried : [];
  return carried
    .filter(
      ({ protection: { predicates } }) =>
        predicates !== "Allow" && !(predicates === "AllowEquality" && use.use === "equality"),
    )
    .map(({ protection }) => {
      const { policy } = protection.methods[0]!.rule;
      return predicateText(
        policy,
        use,
        use.use === "failure"
          ? `Policy ${policy} masks class ${protection.class}; whether the expression fails would reveal its values.`
          : `Policy ${policy} masks class ${protection.class}; rows picked by its values would reveal them.`,
        protection.predicates,
      );
    });
}

/** After a SET or DDL in the same string or pipeline nobody knows what its names mean until the server has run it. */
function unknownPredicate(policy: string, use: PredicateUse): Refusal {
  return refusal(policy, "predicates", {
    message: `columns that are not known may not steer the result (${use.where})`,
    detail: `Policy ${policy} masks data for you on this database, and a statement in front of this one changes what its names mean.`,
    hint: "Send the statement by itself, after the one that changes settings or tables has run.",
  });
}

function predicateText(policy: string, use: PredicateUse, detail: string, allowed: string = "Deny"): Refusal {
  return refusal(policy, "predicates", {
    message: `column ${nameOf(use.column)} is protected and may not steer the result (${use.where})`,
    detail,
    hint: predicateHint(use, allowed),
  });
}

function predicateHint({ use, where }: PredicateUse, allowed: string): string {
  if (use === "failure")
    return "Select the column itself and compute with what comes, or use columns that are not protected.";
  if (where === "ON CONFLICT")
    return "Insert without ON CONFLICT and handle 23505, or name a constraint over columns that are not protected.";
  return allowed === "AllowEquality"
    ? "Look the column up by one plain equality with a value in the statement's own WHERE (not in a subquery or PREPARE), or use columns that are not protected."
    : "Use columns that are not protected in conditions, joins, grouping and ordering.";
}

export function launderingRefusals(view: MaskView, facts: Understood): readonly Refusal[] {
  return facts.flows.flatMap((flow) => launderingRefusal(view, flow));
}

function launderingRefusal(view: MaskView, { from, to }: Flow): readonly Refusal[] {
  const label = labelOf(view, from);
  const hint = "Store values that are not protected, or have someone whose data is not masked do this.";
  if (label.kind === "unknown") {
    const { policy } = view.rules.rule;
    const detail = `Policy ${policy} masks data for you on this database, and where the value comes from is not known: ${label.why}.`;
    return [
      refusal(policy, "laundering", {
        message: `a value of unknown origin may not be stored in ${target(to)}`,
        detail,
        hint,
      }),
    ];
  }
  if (label.kind === "clear") return [];
  const escaping = label.carried.filter((each) => !holds(view, to, from, each));
  if (escaping.length === 0) return [];
  const { policy } = escaping[0]!.protection.methods[0]!.rule;
  const message = `a protected value of ${listed(escaping.map((each) => nameOf(each.column)))} may not be stored in ${target(to)}`;
  const detail = `Policy ${policy} masks class ${escaping[0]!.protection.class}, and ${target(to)} does not have that class.`;
  return [refusal(policy, "laundering", { message, detail, hint })];
}

function target(to: ColumnRef | string): string {
  return typeof to === "string" ? `a ${to}`.replace(/^a (?=[aeiou])/, "an ") : nameOf(to);
}

/**
 * Whether the target is protected as this part of the value is, by each policy that protects it: what another policy adds cannot
 * loosen. An unchanged document may keep its class at the same path.
 */
function holds(view: MaskView, to: ColumnRef | string, from: Lineage, part: Carried): boolean {
  if (typeof to === "string" || view.book === null) return false;
  const placed = from.kind === "copy" && from.as !== "text" && isPlaced(from, part);
  const matching = view.rules
    .protectionOf(view.book, to)
    .filter((has) => has.class === part.protection.class)
    .filter((has) => has.path.length === 0 || (placed && isWithin(has.path, part.rest)));
  return part.protection.givenBy.every((policy) => matching.some((has) => has.givenBy.includes(policy)));
}
