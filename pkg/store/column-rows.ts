// Which stored columns a statement touches, out of the facts that its decision records: what its results hold (and whether a mask was on
// it), what steers them, what it writes. A column that is read twice is told twice, once for each output.
import type { DecisionRow } from "./segment-rows.ts";
import { listOf, type Members, membersOf, textOr, wholeOr } from "./shapes.ts";

/** Of one decision, named by chain and number. */
export interface ColumnRow {
  readonly chain: string;
  readonly number: number;
  readonly entry: number;
  readonly ordinal: number;
  readonly relation: number;
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** Of a part of a json document, as a->b; else null. */
  readonly path: string | null;
  /** Of the mask that was applied; null without one: records do not tell the class of what is shown. */
  readonly class: string | null;
  readonly access: "Read" | "Filter" | "Write";
  readonly shown: "Clear" | "Masked" | "Derived" | "Refused" | "None";
  readonly method: string | null;
  /** Position in the result, from 0; null for what is not in it. */
  readonly output: number | null;
}

/** More than any statement's; a sender cannot make a row of rows. */
const ROWS_MAX = 4096;

interface Mask {
  readonly class: string | null;
  readonly method: string | null;
}

type Touch = Pick<ColumnRow, "access" | "shown" | "method" | "output"> & { readonly class: string | null };

export function columnRows(decision: DecisionRow, facts: unknown, masks: unknown): readonly ColumnRow[] {
  const known = membersOf(facts);
  if (known.understood !== true) return [];
  const refused = decision.verdict === "refuse";
  const maskOf = maskBook(masks);
  const rows: ColumnRow[] = [];
  const add = (column: unknown, touch: Touch) => {
    const row = rowOf(decision, rows.length, membersOf(column), touch);
    if (row !== null && rows.length < ROWS_MAX) rows.push(row);
  };
  listOf(known.outputs).forEach((output, position) => {
    const mask = maskOf.get(position);
    const touched = (isCopy: boolean): Touch => ({
      access: "Read",
      shown: refused ? "Refused" : mask !== undefined ? "Masked" : isCopy ? "Clear" : "Derived",
      method: mask?.method ?? null,
      output: position,
      class: mask?.class ?? null,
    });
    const lineage = membersOf(membersOf(output).lineage);
    if (lineage.kind === "copy") {
      add({ ...membersOf(lineage.column), path: lineage.path }, touched(true));
      for (const via of listOf(lineage.via)) add(via, touched(true));
    } else for (const column of listOf(lineage.columns)) add(column, touched(false));
  });
  const beside = { shown: refused ? "Refused" : "None", method: null, output: null, class: null } as const;
  for (const use of listOf(known.predicates)) {
    const { column, path } = membersOf(use);
    add({ ...membersOf(column), path }, { access: "Filter", ...beside });
  }
  for (const flow of listOf(known.flows)) {
    const { to } = membersOf(flow);
    if (typeof to === "object") add(to, { access: "Write", ...beside });
  }
  return rows;
}

function rowOf({ chain, number, entry }: DecisionRow, ordinal: number, ref: Members, touch: Touch): ColumnRow | null {
  const [relation, schema, table, column] = [
    wholeOr(ref.relation),
    textOr(ref.schema),
    textOr(ref.table),
    textOr(ref.column),
  ];
  if (schema === null || table === null || column === null) return null;
  const path = listOf(ref.path)
    .map((step) => textOr(step) ?? "")
    .join("->");
  return {
    chain,
    number,
    entry,
    ordinal,
    relation: relation ?? 0,
    schema,
    table,
    column,
    path: path === "" ? null : path,
    access: touch.access,
    shown: touch.shown,
    method: touch.method,
    output: touch.output,
    class: touch.class,
  };
}

function maskBook(masks: unknown): ReadonlyMap<number, Mask> {
  const book = new Map<number, Mask>();
  for (const each of listOf(masks)) {
    const { column, method, class: name } = membersOf(each);
    const at = wholeOr(column);
    if (at !== null && !book.has(at)) book.set(at, { class: textOr(name), method: textOr(method) });
  }
  return book;
}
