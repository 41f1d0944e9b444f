// A folder of objects that never change, for a tool that copies it to object storage: segments by date, cluster, namespace and chain, full
// tiles and bundles of the log, and its checkpoints. Each appears under its name at once and whole.
import { join, relative } from "node:path";
import { hashesAt, TILE_WIDTH, type TileLevel, tilePath } from "../ledger/tiles.ts";
import type { Logger } from "../runtime/logger.ts";
import type { CollectorFiles } from "./collector-files.ts";
import type { SegmentRow } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";
import { pathBelow } from "./segment-store.ts";

export interface ObjectExportOptions {
  readonly ledger: KeptLedger;
  readonly files: CollectorFiles;
  readonly dataFolder: string;
  /** null: nothing is exported. */
  readonly folder: string | null;
  readonly logger: Logger;
}

const ROWS = 500;
/** Entries of the log below this are exported. */
const CURSOR = "exported";
const TILES = "exported_tiles";

export class ObjectExport {
  private readonly options: ObjectExportOptions;

  constructor(options: ObjectExportOptions) {
    this.options = options;
  }

  exportedUpTo({ index }: Ledger): number {
    return this.options.folder === null ? Number.POSITIVE_INFINITY : Number(index.meta(CURSOR) ?? 0);
  }

  /** Everything that is new; done again after a crash, to the same end. */
  async turn(): Promise<void> {
    const { folder } = this.options;
    const ledger = this.options.ledger.current();
    if (folder === null || ledger === null) return;
    const { index } = ledger;
    for (let next = this.exportedUpTo(ledger); ; ) {
      const rows = index.segmentsAfter(next, ROWS);
      for (const row of rows) if (row.deleted === 0) await this.share(ledger, row, folder);
      if (rows.length === 0) break;
      next = rows.at(-1)!.entry + 1;
      index.setMeta(CURSOR, String(next));
    }
    await this.checkpoint(ledger, folder);
  }

  private async share({ store }: Ledger, row: SegmentRow, folder: string): Promise<void> {
    const to = join(folder, "segments", dayOf(row.to), relative("segments", pathBelow(row)));
    if (await this.options.files.exists(to)) return;
    await this.options.files.share(store.pathOf(row), to);
  }

  /** The newest, under its size; and what the log is made of up to there. */
  private async checkpoint({ log, index }: Ledger, folder: string): Promise<void> {
    const { files, dataFolder } = this.options;
    const { checkpointHead: head, checkpointNote: note } = log;
    if (head === null || note === null) return;
    const file = join(folder, "checkpoints", String(head.size).padStart(20, "0"));
    if (await files.exists(file)) return;
    const from = Number(index.meta(TILES) ?? 0);
    for (const path of fullTiles(from, head.size)) {
      const to = join(folder, "log", path);
      if (!(await files.exists(to))) await files.share(join(dataFolder, "log", path), to);
    }
    await files.replaceAll([[file, Buffer.from(note)]]);
    index.setMeta(TILES, String(head.size));
  }
}

/** Full tiles and bundles of a log of `size` entries that one of `oldSize` had not. */
export function fullTiles(oldSize: number, size: number): readonly string[] {
  const paths: string[] = [];
  const add = (level: TileLevel, from: number, to: number) => {
    for (let index = Math.floor(from / TILE_WIDTH); index < Math.floor(to / TILE_WIDTH); index++)
      paths.push(tilePath({ level, index, width: TILE_WIDTH }));
  };
  add("entries", oldSize, size);
  for (let level = 0; hashesAt(level, size) > 0; level++) add(level, hashesAt(level, oldSize), hashesAt(level, size));
  return paths;
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10).replaceAll("-", "/");
}
