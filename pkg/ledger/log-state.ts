// What a log's folder holds: tiles, the note of how far they go, the checkpoint and the journals, held against each other before anything
// is taken for true. What only the journals hold goes into tiles first.
import { join } from "node:path";
import { type Checkpoint, checkpointText, parseCheckpoint, parseCheckpointText } from "./checkpoint.ts";
import { Journal, readJournals } from "./journal.ts";
import { LedgerError } from "./ledger-error.ts";
import type { LedgerFiles } from "./ledger-files.ts";
import { EMPTY_ROOT, GrowingTree, leafHash, sameHash, type TreeHead } from "./merkle.ts";
import { NOTE_BYTES_MAX } from "./note.ts";
import { treeRoot } from "./proofs.ts";
import { TileStore } from "./tile-store.ts";
import { TILE_WIDTH } from "./tiles.ts";

export const CHECKPOINT_FILE = "checkpoint";
/** The log's verifier key, for whoever looks into the folder; the collector writes it. */
export const VKEY_FILE = "vkey";
/** How much of the log is in tiles: an unsigned checkpoint. */
export const WRITTEN_FILE = "written";

export interface OpenState {
  readonly origin: string;
  readonly folder: string;
  readonly files: LedgerFiles;
  readonly tiles: TileStore;
  readonly tree: GrowingTree;
  readonly written: TreeHead;
  readonly journal: Journal;
  readonly published: { readonly checkpoint: Checkpoint; readonly note: string } | null;
}

/** @throws LedgerError `lost`, `damaged`, `refused` */
export async function openState(folder: string, origin: string, files: LedgerFiles): Promise<OpenState> {
  await files.makeFolder(folder);
  const tiles = new TileStore(files, folder);
  const noted = await readWritten(folder, origin, files);
  const written: TreeHead = noted ?? { size: 0, root: EMPTY_ROOT };
  const published = await readPublished(folder, origin, files);
  await compare(folder, tiles, written, published?.checkpoint ?? null);
  const found = await readJournals(files, folder, written.size);
  // A journal is made before `written` names its beginning.
  if (noted !== null && (found.newest === null || found.newest < written.size))
    throw new LedgerError(
      "lost",
      `${folder}: the journal from entry ${written.size} on is gone; restore the folder from a copy`,
    );
  const tree = await GrowingTree.resumed(written.size, tiles.nodes(written.size));
  for (const entry of found.entries) tree.add(leafHash(entry));
  // What the journals held may be in the kernel only: it goes into tiles before anyone is told that it is here.
  if (found.entries.length > 0) await tiles.grow(written.size, found.entries);
  const head = { size: tree.size, root: tree.root() };
  const journal = await moveOn(files, folder, { origin, ...head });
  for (const name of found.names) if (name !== journal.name) await files.remove(join(folder, name));
  return { origin, folder, files, tiles, tree, written: head, journal, published };
}

/** A new journal, and then the note that everything before it is in tiles. */
export async function moveOn(files: LedgerFiles, folder: string, head: Checkpoint): Promise<Journal> {
  const journal = await Journal.begin(files, folder, head.size);
  await files.replaceAll([[join(folder, WRITTEN_FILE), Buffer.from(checkpointText(head))]]);
  return journal;
}

async function readWritten(folder: string, origin: string, files: LedgerFiles): Promise<TreeHead | null> {
  const file = join(folder, WRITTEN_FILE);
  const text = await files.read(file, NOTE_BYTES_MAX);
  return text === null ? null : ofOrigin(parseCheckpointText(text.toString()), origin, file);
}

async function readPublished(folder: string, origin: string, files: LedgerFiles) {
  const file = join(folder, CHECKPOINT_FILE);
  const note = (await files.read(file, NOTE_BYTES_MAX))?.toString() ?? null;
  return note === null ? null : { checkpoint: ofOrigin(parseCheckpoint(note).checkpoint, origin, file), note };
}

function ofOrigin(checkpoint: Checkpoint, origin: string, file: string): Checkpoint {
  if (checkpoint.origin === origin) return checkpoint;
  throw new LedgerError("refused", `${file}: of the log "${checkpoint.origin}", not "${origin}"; a log keeps its name`);
}

/** Tiles against what was noted and what was signed, and the newest entries against their hashes. */
async function compare(
  folder: string,
  tiles: TileStore,
  written: TreeHead,
  checkpoint: Checkpoint | null,
): Promise<void> {
  if (checkpoint !== null && checkpoint.size > written.size)
    throw new LedgerError(
      "lost",
      `${folder}: its checkpoint has ${checkpoint.size} entries, its tiles ${written.size}; restore it from a copy`,
    );
  for (const head of [written, checkpoint ?? written]) {
    const root = await treeRoot(head.size, tiles.nodes(head.size, written.size));
    if (!sameHash(root, head.root))
      throw new LedgerError(
        "damaged",
        `${folder}: its tiles do not give the root of its first ${head.size} entries; restore it from a copy`,
      );
  }
  if (written.size > 0) await compareNewest(folder, tiles, written.size);
}

async function compareNewest(folder: string, tiles: TileStore, size: number): Promise<void> {
  const index = Math.floor((size - 1) / TILE_WIDTH);
  const read = tiles.nodes(size);
  for (const [at, entry] of (await tiles.bundle(index, size)).entries()) {
    if (sameHash(await read(0, index * TILE_WIDTH + at), leafHash(entry))) continue;
    throw new LedgerError(
      "damaged",
      `${folder}: entry ${index * TILE_WIDTH + at} is not the one of its hash; restore it from a copy`,
    );
  }
}
