// Which names can be seen where, as PostgreSQL's parse_relation.c has it: levels of queries, items of a FROM list, and which of
// them are visible by name, by their columns, or only from LATERAL.
import type { Relation } from "../../catalog/snapshot.ts";
import type { Lineage, Origin } from "../facts.ts";
import type { Node } from "../node.ts";
import type { CommonTable } from "./with.ts";

/** A column of a FROM item, a subquery or a row. */
export interface ScopeColumn {
  /** null: not predicted. */
  readonly name: string | null;
  readonly lineage: Lineage;
  readonly type: number;
  readonly typmod: number;
  readonly origin: Origin | null;
  /** The fields of a row, where they are known. */
  readonly fields?: readonly ScopeColumn[];
  /** A star does not stand for it. */
  readonly hidden?: boolean;
}

export interface RangeItem {
  /** The name it is referred to by; null for a join or subquery without one. */
  readonly name: string | null;
  /** Set for a stored relation: it has system columns, and its whole row an origin. */
  readonly relation: Relation | null;
  readonly aliased: boolean;
  readonly columns: readonly ScopeColumn[];
  /** The columns are not all known, so any name may be one of them. */
  readonly open: boolean;
  /** A function that returns no row: a whole-row reference is its one value. */
  readonly scalar: boolean;
  /** What a data-changing statement changes: reading it is noted when it happens. */
  readonly target: boolean;
  nameVisible: boolean;
  columnsVisible: boolean;
  lateralOnly: boolean;
  lateralAllowed: boolean;
}

/** One query level. */
export interface Scope {
  readonly parent: Scope | null;
  items: RangeItem[];
  /** Whether items of the FROM list being read can be seen from below. */
  lateralActive: boolean;
  /** WITH queries by name. */
  readonly commonTables: Map<string, CommonTable>;
  /** Definitions of the WINDOW clause by name. */
  readonly windows: Map<string, Node>;
}

export function newScope(parent: Scope | null): Scope {
  return { parent, items: [], lateralActive: false, commonTables: new Map(), windows: new Map() };
}

export function rangeItem(
  name: string | null,
  columns: readonly ScopeColumn[],
  more: Partial<RangeItem> = {},
): RangeItem {
  return {
    name,
    relation: null,
    aliased: true,
    columns,
    open: false,
    scalar: false,
    target: false,
    nameVisible: name !== null,
    columnsVisible: true,
    lateralOnly: false,
    lateralAllowed: true,
    ...more,
  };
}

export type Found<T> = { readonly found: T } | { readonly found: null; readonly why: string | null };

export interface FoundColumn {
  readonly item: RangeItem;
  /** null: a column of an item whose columns are not all known. */
  readonly column: ScopeColumn | null;
}

const absent: Found<never> = Object.freeze({ found: null, why: null });

/** An unqualified column name: the nearest level that has it decides. `system`: looks up system columns of a relation. */
export function findColumn(
  scope: Scope | null,
  name: string,
  system: (item: RangeItem, name: string) => ScopeColumn | null,
): Found<FoundColumn> {
  for (let level = scope; level !== null; level = level.parent) {
    let result: FoundColumn | null = null;
    let open: RangeItem | null = null;
    for (const item of level.items) {
      if (!item.columnsVisible || (item.lateralOnly && !level.lateralActive)) continue;
      if (item.open) open = item;
      const column = columnNamed(item, name) ?? system(item, name);
      if (column === null) continue;
      if (column === "ambiguous" || result !== null) return { found: null, why: "ambiguous column name" };
      if (item.lateralOnly && !item.lateralAllowed)
        return { found: null, why: "reference from a wrong side of a join" };
      result = { item, column };
    }
    if (open !== null) return { found: { item: open, column: null } };
    if (result !== null) return { found: result };
  }
  return absent;
}

/** The FROM item of a name; with `relation` (an OID), an item that is that relation without an alias. */
export function findItem(scope: Scope | null, name: string, relation: number | null): Found<RangeItem> {
  for (let level = scope; level !== null; level = level.parent) {
    let result: RangeItem | null = null;
    for (const item of level.items) {
      if (!item.nameVisible || (item.lateralOnly && !level.lateralActive)) continue;
      if (item.name !== name) continue;
      if (relation !== null && (item.aliased || (item.relation?.oid ?? 0) !== relation)) continue;
      if (result !== null) return { found: null, why: "ambiguous table name" };
      if (item.lateralOnly && !item.lateralAllowed)
        return { found: null, why: "reference from a wrong side of a join" };
      result = item;
    }
    if (result !== null) return { found: result };
  }
  return absent;
}

export function columnNamed(
  item: { readonly columns: readonly ScopeColumn[] },
  name: string,
): ScopeColumn | "ambiguous" | null {
  let result: ScopeColumn | null = null;
  for (const column of item.columns) {
    if (column.name !== name) continue;
    if (result !== null) return "ambiguous";
    result = column;
  }
  return result;
}

/** Items that joined a FROM list become visible; `lateral`: only from LATERAL, as long as the list is being read. */
export function setLateral(items: readonly RangeItem[], lateral: boolean, allowed: boolean): void {
  for (const item of items) {
    item.lateralOnly = lateral;
    item.lateralAllowed = allowed;
  }
}
