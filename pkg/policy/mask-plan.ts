// How each output column leaves: copies by their class's method, what is derived or not understood as its type's Default.
import type { Lineage, OutputColumn } from "../sql/facts.ts";
import type { ColumnMask, MaskMethod } from "./decision.ts";
import { isWithin } from "./json-path.ts";
import { type Carried, type Label, labelOf, type MaskView } from "./label.ts";
import { strictest } from "./strictness.ts";

export function columnMask(view: MaskView, output: OutputColumn): ColumnMask | null {
  const { lineage } = output;
  const label = labelOf(view, lineage);
  const byOrigin = originLabel(view, output);
  if (label.kind === "unknown") return unknownMask(view);
  if (byOrigin.length > 0)
    return lineage.kind === "copy" ? copyMask(lineage, [...carriedOf(label), ...byOrigin]) : wholeDefault(byOrigin);
  if (label.kind === "carries")
    return lineage.kind === "copy" ? copyMask(lineage, label.carried) : wholeDefault(label.carried);
  if (lineage.kind === "clean" || view.viewOnly.length === 0 || namesOrigin(output)) return null;
  return wholeDefault(view.viewOnly);
}

function carriedOf(label: Label): readonly Carried[] {
  return label.kind === "carries" ? label.carried : [];
}

function namesOrigin({ origin }: OutputColumn): boolean {
  return origin !== null && origin.table !== 0;
}

/** A view's own column may have a class that the table's column behind it has not. */
function originLabel(view: MaskView, { origin, lineage }: OutputColumn): readonly Carried[] {
  if (view.book === null || origin === null || origin.table === 0) return [];
  if (lineage.kind === "copy" && lineage.column.relation === origin.table) return [];
  const column = { relation: origin.table, attnum: origin.column, schema: "", table: "", column: "" };
  return view.rules
    .protectionOf(view.book, column)
    .map((protection) => ({ column, protection, rest: protection.path }));
}

function unknownMask(view: MaskView): ColumnMask {
  return { apply: "default", class: "unknown", rule: { policy: view.rules.rule.policy, rule: "not-understood" } };
}

function wholeDefault(carried: readonly Carried[]): ColumnMask {
  const { class: name, rule } = strictest(carried.flatMap((each) => each.protection.methods));
  return { apply: "default", class: name, rule };
}

function copyMask(lineage: Lineage & { kind: "copy" }, carried: readonly Carried[]): ColumnMask {
  const methods = carried.flatMap((each) => each.protection.methods);
  if (carried.some((each) => each.rest.length === 0)) return { apply: "method", mask: strictest(methods) };
  if (lineage.as === "text") return wholeDefault(carried);
  return { apply: "paths", paths: outermost(carried) };
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
