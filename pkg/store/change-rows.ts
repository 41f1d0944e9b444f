// The register of changes: a row for each relation whose data or definition a statement changes, out of the facts of its decision. A
// statement whose facts are not understood, or that changes what has no name yet, has a row without a relation.
import type { DecisionRow } from "./segment-rows.ts";
import { listOf, membersOf, textOr, textsOf, wholeOr } from "./shapes.ts";

export interface ChangeRow {
  readonly chain: string;
  readonly number: number;
  readonly entry: number;
  readonly ordinal: number;
  readonly change: string;
  readonly register: "Data" | "Schema" | "Rights";
  readonly relation: number | null;
  readonly schema: string | null;
  readonly table: string | null;
  /** Missing, Key or Other: how an UPDATE or DELETE was narrowed. */
  readonly filter: string | null;
}

const registers: Readonly<Record<string, ChangeRow["register"]>> = {
  Insert: "Data",
  Update: "Data",
  Delete: "Data",
  Truncate: "Data",
  CopyIn: "Data",
  Create: "Schema",
  Alter: "Schema",
  Drop: "Schema",
  Grant: "Rights",
};

const ROWS_MAX = 1024;

export function changeRows({ chain, number, entry, effects }: DecisionRow, facts: unknown): readonly ChangeRow[] {
  const known = membersOf(facts);
  const filters = new Map<string, string | null>();
  for (const write of listOf(known.writes)) {
    const { effect, filter, relation } = membersOf(write);
    filters.set(`${textOr(effect)} ${wholeOr(membersOf(relation).oid)}`, textOr(filter));
  }
  const rows: ChangeRow[] = [];
  const add = (
    change: string,
    of: { readonly oid: number | null; readonly schema: string | null; readonly name: string | null },
  ) => {
    const register = Object.hasOwn(registers, change) ? registers[change] : undefined;
    if (register === undefined || rows.length === ROWS_MAX) return;
    const filter = filters.get(`${change} ${of.oid}`) ?? null;
    const named = { relation: of.oid, schema: of.schema, table: of.name };
    rows.push({ chain, number, entry, ordinal: rows.length, change, register, ...named, filter });
  };
  for (const each of listOf(known.relations)) {
    const { oid, schema, name, access } = membersOf(each);
    for (const change of textsOf(access))
      add(change, { oid: wholeOr(oid), schema: textOr(schema), name: textOr(name) });
  }
  const told = new Set(rows.map(({ change }) => change));
  for (const change of effects) if (!told.has(change)) add(change, { oid: null, schema: null, name: null });
  return rows;
}
