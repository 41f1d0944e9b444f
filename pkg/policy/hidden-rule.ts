// Names that hide a protected relation: another session may make what they mean now go away between the decision and the run, and the
// statement would read the protected one with masks that were decided for the other.
import type { HiddenRelation, Lineage, Understood } from "../sql/facts.ts";
import type { Refusal } from "./decision.ts";
import { labelOf, type MaskView } from "./label.ts";
import { listed, refusal } from "./refusal.ts";

export function hiddenRefusals(view: MaskView, { hidden }: Understood): readonly Refusal[] {
  const told = (hidden ?? []).filter((each) => !isHarmless(view, each));
  if (told.length === 0) return [];
  const { policy } = view.rules.rule;
  const names = listed(told.map(({ relation }) => `${relation.schema}.${relation.name}`));
  return [
    refusal(policy, "hidden", {
      message: `a name of this statement hides ${names}, which holds protected columns`,
      detail: `Policy ${policy} masks data for you on this database. If what the name means now were dropped, the statement would read ${names} with masks meant for another relation.`,
      hint: "Write the schema in front of the name.",
    }),
  ];
}

/** Nothing in it is protected, or all of it just as in the relation that the name means now. */
function isHarmless(view: MaskView, { columns }: HiddenRelation): boolean {
  return columns.every(({ holds, shown }) => {
    const classes = classesOf(view, holds);
    return classes === "" || (classes !== null && shown !== null && classes === classesOf(view, shown));
  });
}

/** null: not known. */
function classesOf(view: MaskView, lineage: Lineage): string | null {
  const label = labelOf(view, lineage);
  if (label.kind === "unknown") return null;
  if (label.kind === "clear") return "";
  const kind = lineage.kind;
  return JSON.stringify(label.carried.map(({ protection, rest }) => [kind, protection.class, rest]).sort());
}
