// How far shipping has come, kept in a small file beside the spool so that a restart need not read all of it. Only a hint: what the
// collector says counts.
import { join } from "node:path";
import { textOf } from "../audit/recover.ts";
import type { SpoolFiles } from "../audit/spool-files.ts";
import type { Wanted } from "./batch.ts";
import type { SpoolPlace } from "./spool-reader.ts";

export const PROGRESS_FILE = "shipped.json";

export interface Progress {
  /** Everything before it is safe elsewhere. */
  readonly place: SpoolPlace;
  /** What follows, as the collector acknowledged it. */
  readonly wanted: Wanted;
}

export function readProgress(files: SpoolFiles, folder: string): Progress | null {
  try {
    const { place, wanted } = JSON.parse(textOf(files, join(folder, PROGRESS_FILE)));
    const numbers = [place.segment, place.offset, wanted.next];
    if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return null;
    return typeof wanted.chain === "string" && typeof wanted.lastHash === "string" ? { place, wanted } : null;
  } catch {
    return null;
  }
}

export function writeProgress(files: SpoolFiles, folder: string, progress: Progress): void {
  files.replace(join(folder, PROGRESS_FILE), `${JSON.stringify(progress)}\n`);
}
