// `guard`: what statements may not do.
import type { Guard, RowsOver } from "../policy/rules.ts";
import { checked, choice, type Decoder, list, optional, record, report, required, text } from "./decode.ts";
import { EFFECTS, type EffectKind } from "./effects.ts";
import { dottedName } from "./metadata.ts";

/** Names of rules that are not guards, as records and refusals show them. */
const reserved = [
  "mask",
  "predicates",
  "laundering",
  "not-understood",
  "functions",
  "statement",
  "setting",
  "write-back",
  "explain",
  "audit",
  "budget",
];
const filterable: readonly EffectKind[] = ["Update", "Delete"];
const countable: readonly EffectKind[] = ["Read", "CopyOut", "Insert", "Update", "Delete"];

const guardName: Decoder<string> = checked(dottedName, (name, context, tree) =>
  reserved.includes(name)
    ? report(context, tree.at, `"${name}" is the name of a rule of Weir itself`, "choose another name")
    : name,
);

const rowsOver: Decoder<RowsOver> = (tree, context) => {
  const value = tree.kind === "scalar" ? tree.value : null;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return { rows: value };
  const percent = typeof value === "string" ? /^([0-9]{1,3}(?:\.[0-9]{1,3})?)%$/.exec(value) : null;
  const share = percent === null ? Number.NaN : Number(percent[1]) / 100;
  if (share > 0 && share <= 1) return { share };
  return report(context, tree.at, "must be a number of rows or a share of the table", 'write 1000 or "10%"');
};

export const guard: Decoder<Guard> = checked(
  record({
    name: required(guardName),
    effects: required(list(choice(...EFFECTS), { min: 1 })),
    filter: optional(choice("Missing", "NotByKey"), null),
    rowsOver: optional(rowsOver, null),
    action: required(choice("Deny", "RequireApproval", "Warn")),
    message: optional(text, null),
    approval: optional(choice("BeforeRun", "BeforeCommit"), null),
  }),
  (value, context, tree) => {
    const unfiltered = value.filter === null ? [] : value.effects.filter((effect) => !filterable.includes(effect));
    if (unfiltered.length > 0) {
      return report(
        context,
        tree.at,
        `filter does not apply to ${unfiltered.join(", ")}`,
        "make a guard of its own for it",
      );
    }
    const uncounted = value.rowsOver === null ? [] : value.effects.filter((effect) => !countable.includes(effect));
    if (uncounted.length > 0) {
      return report(
        context,
        tree.at,
        `rowsOver does not apply to ${uncounted.join(", ")}`,
        "make a guard of its own for it",
      );
    }
    if (value.rowsOver !== null && "share" in value.rowsOver && !value.effects.some((effect) => effect !== "Read")) {
      const what = "a share of what is read is not known in this version and counts as exceeded: every read is refused";
      report(context, tree.at, what, "write a number of rows", "warning");
    }
    if (value.rowsOver !== null && value.action === "Warn") {
      return report(
        context,
        tree.at,
        "Warn with rowsOver is not supported by this version",
        "use Deny or RequireApproval",
      );
    }
    return value;
  },
);
