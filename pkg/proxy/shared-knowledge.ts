// What the sessions of one upstream database share: its catalogue, the labels of its columns, the analyses of texts.
import { CatalogStore } from "../catalog/store.ts";
import { openAnalyses } from "../gate/analyses.ts";
import type { AnalysisCache } from "../gate/analysis-cache.ts";
import { ClassBooks } from "../gate/class-books.ts";

export interface Shared {
  readonly catalogs: CatalogStore;
  readonly books: ClassBooks;
  readonly analyses: AnalysisCache;
}

/** Databases kept at a time; beyond it all are forgotten and loaded anew. */
const DATABASES_MAX = 256;

export class SharedKnowledge {
  #databases = new Map<string, Promise<Shared>>();

  /** `key` names the server, its version and the database. */
  of(key: string, serverMajor: number): Promise<Shared> {
    const known = this.#databases.get(key);
    if (known !== undefined) return known;
    if (this.#databases.size >= DATABASES_MAX) this.#databases = new Map();
    const opened = openAnalyses(serverMajor).then((analyses) => ({
      catalogs: new CatalogStore(),
      books: new ClassBooks(),
      analyses,
    }));
    this.#databases.set(key, opened);
    return opened;
  }
}
