// What a lineage carries for one principal: nothing, protected columns, or something that is not known.
import type { ColumnRef, Lineage, Understood } from "../sql/facts.ts";
import type { ClassBook } from "./class-book.ts";
import { relatePaths } from "./json-path.ts";
import type { MaskRules, Protected } from "./mask-rules.ts";

/** A protected column, or the protected part of one, that a lineage holds. */
export interface Carried {
  readonly column: ColumnRef;
  readonly protection: Protected;
  /** From the value to its protected part, when the value is a document around it; empty when all of it is protected. */
  readonly rest: readonly string[];
}

export type Label =
  | { readonly kind: "clear" }
  | { readonly kind: "carries"; readonly carried: readonly Carried[] }
  | { readonly kind: "unknown"; readonly why: string };

/** One statement as one principal's masks see it. */
export interface MaskView {
  readonly rules: MaskRules;
  /** null: no catalogue is loaded, so no column's classes are known. */
  readonly book: ClassBook | null;
  /** Temp tables of the statement: only clean data gets into them. */
  readonly temporary: ReadonlySet<number>;
  /** Classes that only a view has, so that lineage, which looks through views, does not show them. */
  readonly viewOnly: readonly Carried[];
}

const clear: Label = { kind: "clear" };

export function maskView(rules: MaskRules, book: ClassBook | null, facts: Understood): MaskView {
  const temporary = new Set<number>();
  for (const use of facts.relations) if (use.temporary) temporary.add(use.oid);
  return { rules, book, temporary, viewOnly: book === null ? [] : viewOnly(rules, book, facts) };
}

/** Protected parts of the values; paths are respected for copies only. */
export function labelOf(view: MaskView, lineage: Lineage): Label {
  switch (lineage.kind) {
    case "clean":
      return clear;
    case "unknown":
      return lineage;
    case "copy":
      return labelOfColumns(view, [lineage.column], lineage.path ?? []);
    case "derived":
      return labelOfColumns(view, lineage.columns, []);
  }
  return lineage satisfies never;
}

export function labelOfColumns(view: MaskView, columns: readonly ColumnRef[], path: readonly string[]): Label {
  const { book, rules } = view;
  const carried: Carried[] = [];
  for (const column of columns) {
    if (book === null || !(book.knows(column.relation) || view.temporary.has(column.relation))) {
      return { kind: "unknown", why: `the classes of ${nameOf(column)} are not known` };
    }
    for (const protection of rules.protectionOf(book, column)) {
      const relation = relatePaths(protection.path, path);
      if (relation.relation === "apart") continue;
      carried.push({ column, protection, rest: relation.relation === "above" ? relation.rest : [] });
    }
  }
  return carried.length === 0 ? clear : { kind: "carries", carried };
}

export function nameOf(column: ColumnRef): string {
  return `${column.schema}.${column.table}.${column.column === "" ? "*" : column.column}`;
}

/** Classes given to a view alone, while none of the tables that the statement reads has them. */
function viewOnly(rules: MaskRules, book: ClassBook, facts: Understood): readonly Carried[] {
  const views = facts.relations.filter(({ kind }) => kind === "view" || kind === "materialized");
  if (views.length === 0) return [];
  const stored = facts.relations
    .filter((use) => !views.includes(use))
    .flatMap((use) => rules.protectionIn(book, use.oid));
  const explained = new Set(stored.map((each) => each.class));
  return views.flatMap(({ oid, schema, name }) =>
    rules
      .protectionIn(book, oid)
      .filter((protection) => !explained.has(protection.class))
      .map((protection) => ({
        column: { relation: oid, attnum: 0, schema, table: name, column: "" },
        protection,
        rest: [],
      })),
  );
}
