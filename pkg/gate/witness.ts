// The second witness: what the server says of a result's columns beside what lineage predicted (docs/design.md section 7). Any
// difference is our bug or an attack, and closes.
import type { ClassBook } from "../policy/class-book.ts";
import type { MaskPlan, Refusal } from "../policy/decision.ts";
import type { Facts } from "../sql/facts.ts";
import type { RowField } from "../wire/postgres/row-description.ts";

/** null when the server's description agrees with the prediction; else in what it differs, without naming values. */
export function contradiction(
  facts: Facts,
  fields: readonly RowField[],
  masks: MaskPlan,
  book: ClassBook | null,
): string | null {
  if (!facts.understood) return null;
  const outputs = facts.outputs ?? [];
  if (outputs.length !== fields.length)
    return `the server describes ${fields.length} columns, the analysis ${outputs.length}`;
  for (const [at, output] of outputs.entries()) {
    const field = fields[at]!;
    const why = differs(output, field, masks.columns?.[at] != null, book);
    if (why !== null) return `column ${at + 1}: ${why}`;
  }
  return null;
}

function differs(
  output: { readonly name: string | null; readonly origin: { readonly table: number; readonly column: number } | null },
  field: RowField,
  masked: boolean,
  book: ClassBook | null,
): string | null {
  const { origin, name } = output;
  if (origin !== null && (origin.table !== field.table || origin.column !== field.column))
    return "the server reports another origin";
  if (name !== null && Buffer.from(name, "utf8").toString("latin1") !== field.name)
    return "the server reports another name";
  // An origin that was predicted and holds was decided on; one that was not predicted must not lead to a label.
  if (origin !== null || masked || field.table === 0) return null;
  const labelled = book
    ?.classesOf({ relation: field.table, attnum: field.column })
    .some((label) => !label.observeOnly && label.path === undefined);
  return labelled === true ? "the server reports a protected column as its origin" : null;
}

export function witnessRefusal(why: string): Refusal {
  return {
    rule: { policy: "weir", rule: "witness" },
    sqlstate: "42501",
    message: "weir: the statement was stopped, because the server's description of its result contradicts the analysis",
    detail: `${why}. A result whose origin is not certain does not leave.`,
    hint: "Send the statement again; the schema may just have changed. If it stays, report the statement to the owner of the policy.",
  };
}
