// Questions that readers keep under a name: a file of the collector, no part of the ledger. A view is its owner's; others may use it when
// it is shared, and see by it what they may see anyway.
import { join } from "node:path";
import type { Question } from "../store/question.ts";
import type { CollectorFiles } from "./collector-files.ts";

export interface SavedView {
  readonly name: string;
  readonly owner: string;
  readonly shared: boolean;
  readonly question: Question;
  readonly changedMs: number;
}

export const VIEWS_MAX = 500;
const BYTES_MAX = 16 * 1024 * 1024;

export class SavedViews {
  private readonly files: CollectorFiles;
  private readonly path: string;
  private views: readonly SavedView[];
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(files: CollectorFiles, path: string, views: readonly SavedView[]) {
    this.files = files;
    this.path = path;
    this.views = views;
  }

  /** A file that is none any more is begun anew. */
  static async open(files: CollectorFiles, dataFolder: string): Promise<SavedViews> {
    const path = join(dataFolder, "state", "views.json");
    const bytes = await files.read(path, BYTES_MAX);
    try {
      return new SavedViews(files, path, bytes === null ? [] : JSON.parse(bytes.toString()));
    } catch {
      return new SavedViews(files, path, []);
    }
  }

  /** Own ones and those that are shared, by name; all of them for an admin. */
  visibleTo(reader: string, isAdmin: boolean): readonly SavedView[] {
    return this.views.filter(({ owner, shared }) => isAdmin || shared || owner === reader);
  }

  find(name: string, reader: string, isAdmin: boolean): SavedView | undefined {
    return this.visibleTo(reader, isAdmin).find((view) => view.name === name);
  }

  /** False: another reader's has this name, or there are too many. */
  async put(view: SavedView): Promise<boolean> {
    return await this.change((views) => {
      const others = views.filter(({ name }) => name !== view.name);
      const before = views.find(({ name }) => name === view.name);
      if ((before !== undefined && before.owner !== view.owner) || others.length >= VIEWS_MAX) return null;
      return [...others, view].sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  /** False: there is none that this reader may remove. */
  async remove(name: string, reader: string, isAdmin: boolean): Promise<boolean> {
    return await this.change((views) => {
      const left = views.filter((view) => view.name !== name || !(isAdmin || view.owner === reader));
      return left.length === views.length ? null : left;
    });
  }

  private async change(next: (views: readonly SavedView[]) => readonly SavedView[] | null): Promise<boolean> {
    const done = this.turn.then(async () => {
      const views = next(this.views);
      if (views === null) return false;
      await this.files.replaceAll([[this.path, Buffer.from(`${JSON.stringify(views)}\n`)]]);
      this.views = views;
      return true;
    });
    this.turn = done.catch(() => undefined);
    return await done;
  }
}
