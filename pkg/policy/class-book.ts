// Which class a stored column has. Comes in: the patterns of a set and the relations of a catalogue; goes out: classes by OID and
// column number. A label sticks to its column: what an earlier book of the same rules held stays after a rename.
import type { Facts, Lineage, RelationUse, Understood } from "../sql/facts.ts";
import { joinFamilies, wholeRow } from "./join-classes.ts";
import { relatePaths } from "./json-path.ts";
import { ownLabels } from "./own-labels.ts";
import type { DatabaseName, PolicySet } from "./rules.ts";
import { WriteReach } from "./write-reach.ts";

export interface ColumnClass {
  readonly class: string;
  /** A path inside json or jsonb; absent for the whole column. */
  readonly path?: readonly string[];
  /** The policy that says so, the first by name of several. */
  readonly policy: string;
  /** All that say so; only those in Enforce mode when there is one. */
  readonly policies: readonly string[];
  /** Only policies in Observe mode say so. */
  readonly observeOnly: boolean;
}

export interface StoredColumn {
  readonly relation: number;
  readonly attnum: number;
}

/** What the book needs of a relation; `Relation` of a catalogue snapshot fits. */
export interface RelationShape {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly parents: readonly number[];
  readonly columns: readonly { readonly attnum: number; readonly name: string }[];
  /** Absent: not known, so a write may reach anything. */
  readonly foreignKeys?: readonly { readonly target: number }[];
  readonly hasTriggers?: boolean;
}

/** A label that a pattern gave to a column itself, plain data to keep over a restart. */
export interface BookEntry extends StoredColumn {
  readonly class: string;
  readonly path: readonly string[];
  readonly policy: string;
  /** The pattern's text: the label lives as long as its policy holds this pattern for this class. */
  readonly pattern: string;
  readonly observeOnly: boolean;
}

export interface ClassBook {
  readonly entries: readonly BookEntry[];
  /** Patterns that matched no column; likely a slip in the policy. */
  readonly unmatched: readonly { readonly policy: string; readonly pattern: string }[];
  /** No column has, or had under this name or another, a class of any policy. */
  readonly isEmpty: boolean;
  /** False for a relation that the catalogue did not show when the book was made: its classes are not known. */
  knows(relation: number): boolean;
  /** Number 0 stands for the whole row. Never holds two entries of the same class and path. */
  classesOf(column: StoredColumn): readonly ColumnClass[];
  classesIn(relation: number): readonly ColumnClass[];
  /** Whether values of a class may be read, written, compared or told by this statement. Observe policies do not count. */
  touchesClass(facts: Facts): boolean;
  /** Whether code that nobody has read may run in it, triggers included: where there are classes it may meet any. */
  runsUnseen(facts: Facts): boolean;
}

/** PostgreSQL's FirstNormalObjectId: smaller OIDs are the server's own objects. */
const firstNormalOid = 16_384;
const none: readonly ColumnClass[] = [];

export function buildClassBook(
  set: PolicySet,
  database: DatabaseName,
  relations: Iterable<RelationShape>,
  previous: Pick<ClassBook, "entries"> | null,
): ClassBook {
  const shapes = [...relations];
  const { entries, unmatched } = ownLabels(set, database, shapes, previous);
  return new Book(entries, unmatched, shapes);
}

class Book implements ClassBook {
  readonly entries: readonly BookEntry[];
  readonly unmatched: ClassBook["unmatched"];
  readonly isEmpty: boolean;
  readonly #classes: ReadonlyMap<number, ReadonlyMap<number, readonly ColumnClass[]>>;
  readonly #whole: ReadonlyMap<number, readonly ColumnClass[]>;
  readonly #known: ReadonlySet<number>;
  readonly #reach: WriteReach;
  readonly #holdsClass: boolean;

  constructor(entries: readonly BookEntry[], unmatched: ClassBook["unmatched"], shapes: readonly RelationShape[]) {
    this.entries = entries;
    this.unmatched = unmatched;
    this.isEmpty = entries.length === 0;
    this.#classes = joinFamilies(entries, shapes);
    this.#whole = new Map([...this.#classes].map(([oid, columns]) => [oid, wholeRow([...columns.values()].flat())]));
    this.#known = new Set(shapes.map((shape) => shape.oid));
    this.#holdsClass = entries.some((entry) => !entry.observeOnly);
    this.#reach = new WriteReach(shapes, (oid) => this.#enforcedIn(oid));
  }

  knows(relation: number): boolean {
    return (relation > 0 && relation < firstNormalOid) || this.#known.has(relation);
  }

  classesOf(column: StoredColumn): readonly ColumnClass[] {
    if (column.attnum === 0) return this.classesIn(column.relation);
    return this.#classes.get(column.relation)?.get(column.attnum) ?? none;
  }

  classesIn(relation: number): readonly ColumnClass[] {
    return this.#whole.get(relation) ?? none;
  }

  touchesClass(facts: Facts): boolean {
    if (!this.#holdsClass) return false;
    return !facts.understood || this.#understoodTouches(facts);
  }

  runsUnseen(facts: Facts): boolean {
    if (!facts.understood || facts.effects.includes("ExecuteCode")) return true;
    return (
      facts.writes.some((write) => this.#writeTouches(write.relation)) ||
      facts.functions.some((use) => use.trust === "opaque")
    );
  }

  #understoodTouches(facts: Understood): boolean {
    const wholeRelations = facts.explain?.analyze === true || facts.explain?.verbose === true;
    return (
      (facts.outputs ?? []).some((output) => this.#carries(output.lineage)) ||
      facts.predicates.some((use) => this.#holds(use.column, use.path)) ||
      facts.flows.some(({ from, to }) => this.#carries(from) || (typeof to !== "string" && this.#holds(to))) ||
      facts.writes.some((write) => this.#writeTouches(write.relation)) ||
      facts.functions.some((use) => use.trust === "opaque") ||
      facts.relations.some((use) => (wholeRelations || changes(use)) && this.#enforcedIn(use.oid)) ||
      (facts.name?.do === "prepare" || facts.name?.do === "declare" ? this.touchesClass(facts.name.statement) : false)
    );
  }

  #writeTouches(relation: RelationUse): boolean {
    return this.#reach.touches(relation.oid, relation.temporary);
  }

  #carries(lineage: Lineage): boolean {
    switch (lineage.kind) {
      case "clean":
        return false;
      case "copy":
        return (
          this.#holds(lineage.column, lineage.path) || (lineage.via ?? []).some((each) => this.#holds(each, each.path))
        );
      case "derived":
        return lineage.columns.some((each) => this.#holds(each, each.path));
      case "unknown":
        return true;
    }
    return lineage satisfies never;
  }

  #holds(column: StoredColumn, path: readonly string[] = []): boolean {
    if (!this.knows(column.relation)) return true;
    return this.classesOf(column).some(
      (each) => !each.observeOnly && relatePaths(each.path ?? [], path).relation !== "apart",
    );
  }

  #enforcedIn(relation: number): boolean {
    return this.classesIn(relation).some((each) => !each.observeOnly);
  }
}

function changes(use: RelationUse): boolean {
  return use.access.some((effect) => effect !== "Read" && effect !== "Lock");
}
