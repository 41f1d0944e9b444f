// What the sessions of one upstream database share: its catalogue, the labels of its columns, the analyses of texts.
import { CatalogStore } from "../catalog/store.ts";
import { openAnalyses } from "../gate/analyses.ts";
import type { AnalysisCache } from "../gate/analysis-cache.ts";
import { ClassBooks } from "../gate/class-books.ts";
import type { BookEntry } from "../policy/class-book.ts";

export interface Shared {
  readonly catalogs: CatalogStore;
  readonly books: ClassBooks;
  readonly analyses: AnalysisCache;
}

/** Databases kept at a time; beyond it all are forgotten and loaded anew. */
const DATABASES_MAX = 256;

/** A pattern of `classify` that no column matches in any database that was seen: what it was to protect is not protected. */
export interface UnmatchedPattern {
  /** `namespace/name` of the GovernedDatabase. */
  readonly database: string;
  readonly policy: string;
  readonly pattern: string;
}

export interface AnalysisCounters {
  readonly hits: number;
  readonly misses: number;
  readonly bytes: number;
}

/** Classes of columns, kept over a restart. */
export interface KeptClasses {
  load(database: string): readonly BookEntry[] | null;
  save(database: string, entries: readonly BookEntry[]): void;
  /** Databases with kept classes. */
  databases(): Iterable<string>;
}

function inMemory(): KeptClasses {
  const databases = new Map<string, readonly BookEntry[]>();
  return {
    load: (database) => databases.get(database) ?? null,
    save: (database, entries) => databases.set(database, entries),
    databases: () => databases.keys(),
  };
}

export class SharedKnowledge {
  readonly #kept: KeptClasses;
  #databases = new Map<string, Promise<Shared>>();
  readonly #opened = new Map<string, { readonly governed: string; readonly shared: Shared }>();

  constructor(kept: KeptClasses | null = null) {
    this.#kept = kept ?? inMemory();
  }

  /** `governed`: `namespace/name` of the GovernedDatabase; `database`: as the client names it. */
  of(governed: string, database: string, serverMajor: number): Promise<Shared> {
    const key = `${governed}/${database}/${serverMajor}`;
    const known = this.#databases.get(key);
    if (known !== undefined) return known;
    if (this.#databases.size >= DATABASES_MAX) {
      this.#databases = new Map();
      this.#opened.clear();
    }
    const opened = openAnalyses(serverMajor).then((analyses) => {
      const shared = {
        catalogs: new CatalogStore(),
        books: this.#books(governed, `${governed}/${database}`),
        analyses,
      };
      this.#opened.set(key, { governed, shared });
      return shared;
    });
    this.#databases.set(key, opened);
    return opened;
  }

  #books(governed: string, database: string): ClassBooks {
    const kept = this.#kept;
    return new ClassBooks({
      remembered: kept.load(database) ?? [],
      keep: (entries) => kept.save(database, entries),
      othersAreEmpty: () => !this.#holdsOther(kept, governed, database),
    });
  }

  /** Whether another database of the same server has columns with classes. */
  #holdsOther(kept: KeptClasses, governed: string, database: string): boolean {
    for (const other of kept.databases())
      if (other !== database && other.startsWith(`${governed}/`) && kept.load(other)?.length !== 0) return true;
    return false;
  }

  /** Sorted by database, policy and pattern. */
  unmatched(): readonly UnmatchedPattern[] {
    const books = [...this.#opened.values()].flatMap(({ governed, shared: { books } }) =>
      books.current === null ? [] : [{ governed, unmatched: books.current.unmatched }],
    );
    const found = new Map<string, UnmatchedPattern>();
    for (const { governed, unmatched } of books) {
      for (const { policy, pattern } of unmatched) {
        const matches = (other: (typeof books)[number]) =>
          other.governed === governed &&
          !other.unmatched.some((one) => one.policy === policy && one.pattern === pattern);
        if (!books.some(matches))
          found.set(`${governed} ${policy} ${pattern}`, { database: governed, policy, pattern });
      }
    }
    return [...found.keys()].sort().map((key) => found.get(key)!);
  }

  analyses(): AnalysisCounters {
    let hits = 0;
    let misses = 0;
    let bytes = 0;
    for (const { shared } of this.#opened.values()) {
      hits += shared.analyses.hits;
      misses += shared.analyses.misses;
      bytes += shared.analyses.keptBytes;
    }
    return { hits, misses, bytes };
  }
}
