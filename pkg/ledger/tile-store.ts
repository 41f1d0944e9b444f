// A log's tiles in a folder: reading those of any size up to what is there, adding what a longer log has more.
import { join } from "node:path";
import { LedgerError } from "./ledger-error.ts";
import type { LedgerFiles } from "./ledger-files.ts";
import { HASH_BYTES, leafHash } from "./merkle.ts";
import type { NodeReader } from "./proofs.ts";
import {
  bundleOf,
  ENTRY_BYTES_MAX,
  entriesOf,
  fullTileHash,
  newTiles,
  nodesInTiles,
  partialsPath,
  TILE_WIDTH,
  type Tile,
  tilePath,
  widthIn,
} from "./tiles.ts";

const BUNDLE_BYTES_MAX = TILE_WIDTH * (ENTRY_BYTES_MAX + 2);

export class TileStore {
  private readonly files: LedgerFiles;
  private readonly folder: string;

  constructor(files: LedgerFiles, folder: string) {
    this.files = files;
    this.folder = folder;
  }

  /** The nodes of a log of `size` entries, out of tiles that are those of a log of `written` entries. */
  nodes(size: number, written = size): NodeReader {
    return nodesInTiles(size, async (tile) => await this.hashes(tile, written));
  }

  /** Entries of one bundle of a log of `size`, of which `written` are there. */
  async bundle(index: number, size: number, written = size): Promise<Buffer[]> {
    const tile: Tile = { level: "entries", index, width: widthIn("entries", index, size) };
    const { bytes, width, path } = await this.read(tile, written, BUNDLE_BYTES_MAX);
    return entriesOf(bytes, width, path).slice(0, tile.width);
  }

  /** Makes a log of `oldSize` one that also holds `entries`, durable when it returns. Nothing that was there changes. */
  async grow(oldSize: number, entries: readonly Uint8Array[]): Promise<void> {
    const size = oldSize + entries.length;
    const tiles = newTiles(oldSize, size);
    const written: [string, Uint8Array][] = [];
    const hashes = new Map<number, Buffer[]>([[0, entries.map(leafHash)]]);
    for (const tile of tiles) {
      const bytes =
        tile.level === "entries"
          ? await this.grownBundle(tile, oldSize, entries)
          : await this.grownTile(tile, oldSize, hashes);
      written.push([join(this.folder, tilePath(tile)), bytes]);
    }
    await this.files.replaceAll(written);
    for (const tile of tiles)
      if (tile.width === TILE_WIDTH) await this.files.remove(join(this.folder, partialsPath(tile)));
  }

  private async grownBundle(tile: Tile, oldSize: number, entries: readonly Uint8Array[]): Promise<Buffer> {
    const start = tile.index * TILE_WIDTH;
    const known = start < oldSize ? await this.bundle(tile.index, oldSize) : [];
    const from = start + known.length - oldSize;
    return bundleOf([...known, ...entries.slice(from, from + tile.width - known.length)]);
  }

  /** Takes the tile's new hashes off the list of its level, and puts a full tile's own hash on the list of the next. */
  private async grownTile(tile: Tile, oldSize: number, hashes: Map<number, Buffer[]>): Promise<Buffer> {
    const level = tile.level as number;
    const oldWidth = widthIn(level, tile.index, oldSize);
    const known = oldWidth === 0 ? Buffer.alloc(0) : await this.hashes({ ...tile, width: oldWidth }, oldSize);
    const added = hashes.get(level)!.splice(0, tile.width - oldWidth);
    const bytes = Buffer.concat([known, ...added]);
    if (tile.width === TILE_WIDTH) hashes.set(level + 1, [...(hashes.get(level + 1) ?? []), fullTileHash(bytes)]);
    return bytes;
  }

  /** The hashes of a tile of a log of `written` entries. */
  async hashes(tile: Tile, written: number): Promise<Buffer> {
    const { bytes, width, path } = await this.read(tile, written, TILE_WIDTH * HASH_BYTES);
    if (bytes.length !== width * HASH_BYTES)
      throw new LedgerError(
        "damaged",
        `${path}: ${bytes.length} bytes, a tile of ${width} hashes has ${width * HASH_BYTES}`,
      );
    return bytes.subarray(0, tile.width * HASH_BYTES);
  }

  /** The tile, or a longer one that begins with it: partial tiles go when the full one is there. */
  private async read(
    tile: Tile,
    written: number,
    bytesMax: number,
  ): Promise<{ bytes: Buffer; width: number; path: string }> {
    const widths = new Set([tile.width, TILE_WIDTH, widthIn(tile.level, tile.index, written)]);
    for (const width of widths) {
      const path = join(this.folder, tilePath({ ...tile, width }));
      const bytes = width < tile.width ? null : await this.files.read(path, bytesMax);
      if (bytes !== null) return { bytes, width, path };
    }
    throw new LedgerError("lost", `${join(this.folder, tilePath(tile))}: it is gone; restore the folder from a copy`);
  }
}
