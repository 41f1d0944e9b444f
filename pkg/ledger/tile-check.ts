// Makes a log's tiles anew from its entries, one by one, and compares them with those on disk. Memory: one tile per level.
import type { Findings } from "../audit/findings.ts";
import { LedgerError } from "./ledger-error.ts";
import { leafHash } from "./merkle.ts";
import type { TileStore } from "./tile-store.ts";
import { fullTileHash, TILE_WIDTH, type Tile, tilePath } from "./tiles.ts";

export class TileCheck {
  private readonly store: TileStore;
  private readonly size: number;
  private readonly findings: Findings;
  /** Per level, the hashes of the tile that is being made. */
  private readonly levels: { index: number; hashes: Buffer[] }[] = [];

  /** `size`: of the log whose tiles they are. */
  constructor(store: TileStore, size: number, findings: Findings) {
    this.store = store;
    this.size = size;
    this.findings = findings;
  }

  async entry(bytes: Uint8Array): Promise<void> {
    await this.add(0, leafHash(bytes));
  }

  /** After the last entry: the tiles that are not full. */
  async end(): Promise<void> {
    for (const [level, { index, hashes }] of this.levels.entries())
      if (hashes.length > 0) await this.compare({ level, index, width: hashes.length }, Buffer.concat(hashes));
  }

  private async add(level: number, hash: Buffer): Promise<void> {
    this.levels[level] ??= { index: 0, hashes: [] };
    const tile = this.levels[level];
    tile.hashes.push(hash);
    if (tile.hashes.length < TILE_WIDTH) return;
    const bytes = Buffer.concat(tile.hashes);
    await this.compare({ level, index: tile.index, width: TILE_WIDTH }, bytes);
    this.levels[level] = { index: tile.index + 1, hashes: [] };
    await this.add(level + 1, fullTileHash(bytes));
  }

  private async compare(tile: Tile, expected: Buffer): Promise<void> {
    const place = { file: tilePath(tile), line: null };
    try {
      const found = await this.store.hashes(tile, this.size);
      if (!found.equals(expected))
        this.findings.add("altered", place, "its hashes are not those of the entries below it");
    } catch (cause) {
      if (!(cause instanceof LedgerError)) throw cause;
      this.findings.add(cause.code === "lost" ? "missing" : "altered", place, cause.message);
    }
  }
}
