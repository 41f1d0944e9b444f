// How each output column leaves: copies by their class's method, what is derived or not understood as its type's Default.
import type { OutputColumn } from "../sql/facts.ts";
import type { ColumnMask, MaskMethod } from "./decision.ts";
import { isWithin } from "./json-path.ts";
import { type Carried, type Copy, isPlaced, labelOf, type MaskView } from "./label.ts";
import { rankOf, strictest } from "./strictness.ts";

export function columnMask(view: MaskView, { lineage }: OutputColumn): ColumnMask | null {
  if (lineage.kind === "clean") return null;
  const label = labelOf(view, lineage);
  switch (label.kind) {
    case "clear":
      return null;
    case "unknown":
      return unknownMask(view);
    case "carries":
      return lineage.kind === "copy" ? copyMask(lineage, label.carried) : wholeDefault(label.carried);
  }
  return label satisfies never;
}

function unknownMask(view: MaskView): ColumnMask {
  return { apply: "default", class: "unknown", rule: { policy: view.rules.rule.policy, rule: "not-understood" } };
}

function wholeDefault(carried: readonly Carried[]): ColumnMask {
  const { class: name, rule } = strictest(carried.flatMap((each) => each.protection.methods));
  return { apply: "default", class: name, rule };
}

function copyMask(lineage: Copy, carried: readonly Carried[]): ColumnMask {
  const inner = carried.filter((each) => each.rest.length > 0);
  const walkable = lineage.as !== "text" && inner.every((each) => isPlaced(lineage, each));
  if (inner.length === carried.length)
    return walkable ? { apply: "paths", paths: outermost(carried) } : wholeDefault(carried);
  const mask = strictest(carried.flatMap((each) => each.protection.methods));
  const hidesInner = inner.length === 0 || walkable || rankOf(mask.method) >= rankOf("Default");
  return hidesInner ? { apply: "method", mask } : wholeDefault(carried);
}

/** One method for each path; what lies below another path goes with it. */
function outermost(
  carried: readonly Carried[],
): readonly { readonly path: readonly string[]; readonly mask: MaskMethod }[] {
  const groups: { path: readonly string[]; methods: MaskMethod[] }[] = [];
  for (const { rest, protection } of [...carried].sort((left, right) => left.rest.length - right.rest.length)) {
    const above = groups.find((group) => isWithin(group.path, rest));
    if (above === undefined) groups.push({ path: rest, methods: [...protection.methods] });
    else above.methods.push(...protection.methods);
  }
  return groups.map(({ path, methods }) => ({ path, mask: strictest(methods) }));
}
