// Where a log's hashes and entries lie (C2SP tlog-tiles): tiles of 256 hashes, bundles of 256 entries, the last of each partial. Pure: names and
// bytes; whoever has files or a network reads and writes them.
import { LedgerError } from "./ledger-error.ts";
import { HASH_BYTES, nodeHash } from "./merkle.ts";
import type { NodeReader } from "./proofs.ts";

/** Levels of the tree per tile, and entries or hashes per full tile. */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 256;
/** A bundle writes an entry's length in two bytes. */
export const ENTRY_BYTES_MAX = 0xffff;

export type TileLevel = number | "entries";

/** `width` hashes or entries, from 1 to 256. */
export interface Tile {
  readonly level: TileLevel;
  readonly index: number;
  readonly width: number;
}

/** `tile/0/x001/067`, `tile/entries/003.p/17`. */
export function tilePath({ level, index, width }: Tile): string {
  const partial = width === TILE_WIDTH ? "" : `.p/${width}`;
  return `tile/${level}/${groupsOf(index)}${partial}`;
}

/** The folder of a tile's partial forms, of no use once the tile is full. */
export function partialsPath({ level, index }: Tile): string {
  return `tile/${level}/${groupsOf(index)}.p`;
}

/** Null for a path that no tile has. */
export function parseTilePath(path: string): Tile | null {
  const match = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (match === null) return null;
  const index = Number(match[2]!.replaceAll(/[x/]/g, ""));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  const level = match[1] === "entries" ? "entries" : Number(match[1]);
  const tile: Tile = { level, index, width };
  return (match[3] === undefined || width < TILE_WIDTH) && tilePath(tile) === path ? tile : null;
}

/** Thousands in folders of their own, all but the last group marked: 1234067 is `x001/x234/067`. */
function groupsOf(index: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/\d{3}/g)!;
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join("/");
}

/** How many hashes a level of tiles has for a log of `size` entries. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** The width that the tile has in a log of `size` entries; 0 when it does not exist. */
export function widthIn(level: TileLevel, index: number, size: number): number {
  const hashes = level === "entries" ? size : hashesAt(level, size);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** What a log that grows from `oldSize` to `size` has to write. Partial tiles that were not yet there, and full ones. */
export function newTiles(oldSize: number, size: number): Tile[] {
  const tiles: Tile[] = [];
  const levels: TileLevel[] = ["entries"];
  for (let level = 0; hashesAt(level, size) > 0; level++) levels.push(level);
  for (const level of levels) {
    const unit = level === "entries" ? 1 : TILE_WIDTH ** level;
    const [from, to] = [Math.floor(oldSize / unit), Math.floor(size / unit)];
    for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to && to > from; index++)
      tiles.push({ level, index, width: widthIn(level, index, size) });
  }
  return tiles;
}

export function bundleOf(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [lengthOf(entry), entry]));
}

function lengthOf(entry: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(entry.length);
  return length;
}

/** @throws LedgerError `damaged` when these are not `width` entries and nothing else. */
export function entriesOf(bundle: Buffer, width: number, place: string): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at + 2 <= bundle.length) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  if (at === bundle.length && entries.length === width) return entries;
  throw new LedgerError("damaged", `${place}: not a bundle of ${width} entries`);
}

/** The hashes of a tile; at least its width. @throws LedgerError `damaged` or, when it is absent, `lost` */
export type TileReader = (tile: Tile) => Promise<Buffer>;

/** Reads the nodes of a log of `size` entries out of its tiles. Hashes are taken as they are: whoever proves compares the root. */
export function nodesInTiles(size: number, read: TileReader): NodeReader {
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const count = 2 ** (level % TILE_HEIGHT);
    const start = index * count;
    const tile = Math.floor(start / TILE_WIDTH);
    const bytes = await read({ level: tileLevel, index: tile, width: widthIn(tileLevel, tile, size) });
    return subtree(bytes, start % TILE_WIDTH, count);
  };
}

function subtree(tile: Buffer, start: number, count: number): Buffer {
  if (count === 1) return tile.subarray(start * HASH_BYTES, (start + 1) * HASH_BYTES);
  return nodeHash(subtree(tile, start, count / 2), subtree(tile, start + count / 2, count / 2));
}

/** The hash of a full tile, which stands in the tile above it. */
export function fullTileHash(tile: Buffer): Buffer {
  return subtree(tile, 0, TILE_WIDTH);
}
