// The columns that a statement assigns and that are masked for its principal: what goes there must not be a masked value itself.
import type { Understood } from "../sql/facts.ts";
import type { StoredColumn } from "./decision.ts";
import { labelOfSources, type MaskView, nameOf } from "./label.ts";

export function storedColumns(view: MaskView, facts: Understood): readonly StoredColumn[] {
  if (facts.flows.length === 0) return none;
  const found = new Map<string, StoredColumn>();
  for (const { to } of facts.flows) {
    if (typeof to === "string") continue;
    const label = labelOfSources(view, [to]);
    if (label.kind !== "carries") continue;
    const { protection } = label.carried[0]!;
    const { policy } = protection.methods[0]!.rule;
    found.set(nameOf(to), { name: nameOf(to), column: to.column, class: protection.class, policy });
  }
  return [...found.values()];
}

const none: readonly StoredColumn[] = [];
