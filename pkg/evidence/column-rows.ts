// A statement and each stored column that it touches, as rows of `columns`: how much of a column's values was shown to whoever asked.
// What class a column has stands in records only where a result was masked, so classes are learned from all masks in the evidence first.
import { listOf, type Members, membersOf, type ReadRecord, textOr } from "./evidence-records.ts";
import type { Row } from "./row.ts";
import { placeColumns } from "./statement-row.ts";

export const columnColumns = [
  ...[
    "id",
    "time",
    ...placeColumns,
    "database",
    "principal",
    "issuer",
    "login",
    "assurance",
    "schema",
    "table",
    "column",
  ],
  ...["class", "access", "shown", "method", "copiedOut", "verdict", "status", "rows", "outcomeId"],
] as const;

/** From the least to the most that is told of a value. */
const shownOrder = ["None", "Masked", "Derived", "Unknown", "Clear"] as const;
type Shown = (typeof shownOrder)[number];

export class ColumnClasses {
  private readonly classes = new Map<string, string>();

  /** Takes what the masks of a decision say of stored columns. */
  learn({ json, weir, facts }: ReadRecord): void {
    const outputs = listOf(membersOf(facts).outputs);
    for (const mask of listOf(weir.masks).map(membersOf)) {
      const lineage = membersOf(membersOf(outputs[mask.column as number]).lineage);
      const name = textOr(mask.class);
      // A value that was made of several columns does not say which of them is protected.
      if (lineage.kind === "copy" && lineage.path === undefined && name !== null)
        this.classes.set(keyOf(json, membersOf(lineage.column)), name);
    }
  }

  of(json: Members, column: Members): string | null {
    return this.classes.get(keyOf(json, column)) ?? null;
  }
}

function keyOf(json: Members, { schema, table, column }: Members): string {
  const { cluster, namespace } = membersOf(membersOf(membersOf(json.unmapped).weir).place);
  return JSON.stringify([cluster, namespace, membersOf(json.database).name, schema, table, column]);
}

interface Touched {
  readonly column: Members;
  readonly access: "Read" | "Filter" | "Write";
  readonly shown: Shown;
  readonly method: string | null;
}

/** `statement`: the row of the same decision. */
export function columnRows(decision: ReadRecord, statement: Row, classes: ColumnClasses): readonly Row[] {
  const facts = membersOf(decision.facts);
  const released = statement.verdict !== "refuse" && statement.verdict !== "hold";
  const touched = new Map<string, Touched>();
  for (const each of touchedBy(facts, listOf(decision.weir.masks).map(membersOf), released)) {
    const { schema, table, column } = each.column;
    const key = JSON.stringify([schema, table, column, each.access]);
    const known = touched.get(key);
    if (known === undefined || shownOrder.indexOf(known.shown) < shownOrder.indexOf(each.shown)) touched.set(key, each);
  }
  const copied = (statement.effects as readonly string[]).includes("CopyOut");
  return [...touched.values()].map(({ column, access, shown, method }) => ({
    ...Object.fromEntries(columnColumns.map((name) => [name, statement[name] ?? null])),
    schema: textOr(column.schema),
    table: textOr(column.table),
    column: textOr(column.column),
    class: classes.of(decision.json, column),
    ...{ access, shown, method },
    copiedOut: copied && access === "Read",
  }));
}

function* touchedBy(facts: Members, masks: readonly Members[], released: boolean): Generator<Touched> {
  for (const [at, output] of listOf(facts.outputs).entries()) {
    const lineage = membersOf(membersOf(output).lineage);
    const mask = masks.find(({ column }) => column === at);
    const shown: Shown = !released
      ? "None"
      : mask !== undefined
        ? "Masked"
        : (shownBy[String(lineage.kind)] ?? "Unknown");
    for (const column of columnsOf(lineage))
      yield { column, access: "Read", shown, method: mask === undefined ? null : textOr(mask.method) };
  }
  for (const predicate of listOf(facts.predicates))
    yield { column: membersOf(membersOf(predicate).column), access: "Filter", shown: "None", method: null };
  for (const flow of listOf(facts.flows).map(membersOf))
    if (typeof flow.to === "object" && flow.to !== null)
      yield { column: membersOf(flow.to), access: "Write", shown: "None", method: null };
}

const shownBy: Readonly<Record<string, Shown>> = { copy: "Clear", derived: "Derived", clean: "None" };

function columnsOf(lineage: Members): readonly Members[] {
  const own = lineage.kind === "copy" ? [lineage.column] : [];
  return [...own, ...listOf(lineage.columns)].map(membersOf);
}
