// What a lineage carries for one principal: nothing, protected columns, or something that is not known.
import type { ColumnRef, Lineage, Source, Understood } from "../sql/facts.ts";
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
}

export type Copy = Lineage & { kind: "copy" };

/** PostgreSQL's FirstNormalObjectId: smaller OIDs are the server's own objects. */
const FIRST_NORMAL_OID = 16_384;

const clear: Label = { kind: "clear" };
const whole: readonly string[] = [];

export function maskView(rules: MaskRules, book: ClassBook | null, facts: Understood): MaskView {
  const temporary = new Set<number>();
  for (const use of facts.relations) if (use.temporary) temporary.add(use.oid);
  return { rules, book, temporary };
}

/** Protected parts of a value. */
export function labelOf(view: MaskView, lineage: Lineage): Label {
  switch (lineage.kind) {
    case "clean":
      return clear;
    case "unknown":
      return lineage;
    case "copy":
      return labelOfSources(view, sourcesOfCopy(lineage));
    case "derived":
      return labelOfSources(view, lineage.columns);
  }
  return lineage satisfies never;
}

/** The column, then those that the same value has also been a value of. */
function sourcesOfCopy({ column, path, via }: Copy): readonly Source[] {
  const own = path === undefined ? column : { ...column, path };
  return via === undefined ? [own] : [own, ...via];
}

export function labelOfSources(view: MaskView, sources: readonly Source[]): Label {
  const { book, rules } = view;
  let carried: Carried[] | null = null;
  for (const source of sources) {
    // Of the server's own relations the analysis names only columns that show more than the schema: samples, texts, secrets.
    if (source.relation !== 0 && source.relation < FIRST_NORMAL_OID) {
      return { kind: "unknown", why: `${nameOf(source)} shows stored values, texts of statements or secrets` };
    }
    if (book === null || !(book.knows(source.relation) || view.temporary.has(source.relation))) {
      return { kind: "unknown", why: `the classes of ${nameOf(source)} are not known` };
    }
    for (const protection of rules.protectionOf(book, source)) {
      const relation = relatePaths(protection.path, source.path ?? whole);
      if (relation.relation === "apart") continue;
      carried ??= [];
      carried.push({ column: source, protection, rest: relation.relation === "above" ? relation.rest : whole });
    }
  }
  return carried === null ? clear : { kind: "carries", carried };
}

/** Whether `rest` leads from the value itself: paths of columns in `via` may be of a document around it. */
export function isPlaced({ column, path }: Copy, part: Carried): boolean {
  return path === undefined || (part.column.relation === column.relation && part.column.attnum === column.attnum);
}

export function nameOf(column: ColumnRef): string {
  return `${column.schema}.${column.table}.${column.column === "" ? "*" : column.column}`;
}
