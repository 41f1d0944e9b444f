// One class book per policy set and catalogue, shared by the sessions of a database. The last one is handed to the next, so a
// label stays with its column's OID through renames.
import type { Snapshot } from "../catalog/snapshot.ts";
import { type BookEntry, buildClassBook, type ClassBook } from "../policy/class-book.ts";
import type { PolicySet } from "../policy/rules.ts";

/** Private snapshots (open transactions with DDL, temp tables) whose books are kept at a time. */
const BOOKS_MAX = 64;

export interface BookKeeping {
  /** What an earlier process knew. */
  readonly remembered: readonly BookEntry[];
  /** Called with each new book. */
  keep(entries: readonly BookEntry[]): void;
  /** No other database of the server has a column with a class, as far as is known: code in one may reach another. */
  othersAreEmpty(): boolean;
}

export class ClassBooks {
  readonly #keeping: BookKeeping | null;
  #last: Pick<ClassBook, "entries"> | null;
  /** The one that was asked for last: nearly always the one that is asked for next. */
  #now: { policies: PolicySet; version: number; database: string; book: ClassBook } | null = null;
  #books = new Map<string, ClassBook>();

  constructor(keeping: BookKeeping | null = null) {
    this.#keeping = keeping;
    this.#last = keeping === null ? null : { entries: keeping.remembered };
  }

  /** The book that was asked for last; null before any was. */
  get current(): ClassBook | null {
    return this.#now?.book ?? null;
  }

  /** No column has, or had, a class as far as any book told, in this database or in another of the same server. */
  get areEmpty(): boolean {
    return (this.#last === null || this.#last.entries.length === 0) && (this.#keeping?.othersAreEmpty() ?? true);
  }

  of(policies: PolicySet, snapshot: Snapshot, database: string): ClassBook {
    const now = this.#now;
    if (now !== null && now.policies === policies && now.version === snapshot.version && now.database === database)
      return now.book;
    const book = this.#find(policies, snapshot, database);
    this.#now = { policies, version: snapshot.version, database, book };
    return book;
  }

  #find(policies: PolicySet, snapshot: Snapshot, database: string): ClassBook {
    const key = `${policies.version}/${snapshot.version}/${database}`;
    const known = this.#books.get(key);
    if (known !== undefined) return known;
    const [namespace = "", name = ""] = database.split("/");
    const book = buildClassBook(policies, { namespace, name }, snapshot.relations(), this.#last);
    if (this.#books.size >= BOOKS_MAX) this.#books = new Map();
    this.#books.set(key, book);
    this.#last = book;
    this.#keeping?.keep(book.entries);
    return book;
  }
}
