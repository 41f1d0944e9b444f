// The log on disk: entries go in and are durable when `append` resolves, many sharing one disk write (journal.ts); now and then they go
// into tiles (tile-store.ts), and a checkpoint says what the log is. Nothing that was confirmed changes or goes: on opening, tiles,
// checkpoint and journal are held against each other, and a log that lost something does not open. Whoever opens it holds a lock.
import { join } from "node:path";
import { type Checkpoint, checkpointText, parseCheckpoint } from "./checkpoint.ts";
import { BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, JOURNAL_BYTES_MAX, type Journal } from "./journal.ts";
import { asLedgerError, LedgerError } from "./ledger-error.ts";
import { type LedgerFiles, systemLedgerFiles } from "./ledger-files.ts";
import { CHECKPOINT_FILE, moveOn, type OpenState, openState } from "./log-state.ts";
import { type GrowingTree, leafHash, type TreeHead } from "./merkle.ts";
import { consistencyProof, inclusionProof, type NodeReader, treeRoot } from "./proofs.ts";
import type { TileStore } from "./tile-store.ts";
import { ENTRY_BYTES_MAX, TILE_WIDTH } from "./tiles.ts";

/** Entries that wait for their turn. */
const WAITING_ENTRIES_MAX = 65_536;

export interface LogOptions {
  readonly folder: string;
  /** The log's name, as in its checkpoints and its key. */
  readonly origin: string;
  readonly files?: LedgerFiles;
}

interface Waiting {
  readonly entries: readonly Uint8Array[];
  readonly done: (first: number) => void;
  readonly failed: (cause: LedgerError) => void;
}

export class LedgerLog {
  readonly origin: string;
  private readonly folder: string;
  private readonly files: LedgerFiles;
  private readonly tiles: TileStore;
  private readonly tree: GrowingTree;
  /** Entries that are durable and not yet in tiles. */
  private pending: Buffer[] = [];
  private written: TreeHead;
  private journal: Journal;
  private published: { readonly checkpoint: Checkpoint; readonly note: string } | null;
  private waiting: Waiting[] = [];
  private waitingEntries = 0;
  /** Work on the disk, one after the other. */
  private turn: Promise<unknown> = Promise.resolve();
  private committing = false;
  private closed = false;
  private failure: LedgerError | null = null;

  private constructor(state: OpenState) {
    this.origin = state.origin;
    this.folder = state.folder;
    this.files = state.files;
    this.tiles = state.tiles;
    this.tree = state.tree;
    this.written = state.written;
    this.journal = state.journal;
    this.published = state.published;
  }

  /** @throws LedgerError `lost` or `damaged`: look before anything writes there. `io`, `refused` when it is another log's folder. */
  static async open({ folder, origin, files = systemLedgerFiles }: LogOptions): Promise<LedgerLog> {
    try {
      return new LedgerLog(await openState(folder, origin, files));
    } catch (cause) {
      throw asLedgerError(`log: cannot open ${folder}`, cause);
    }
  }

  /** Entries that are durable. */
  get size(): number {
    return this.tree.size;
  }

  /** Of all durable entries. */
  root(): Buffer {
    return this.tree.root();
  }

  /** The newest checkpoint as a signed note; null before the first. */
  get checkpointNote(): string | null {
    return this.published?.note ?? null;
  }

  get checkpointHead(): TreeHead | null {
    return this.published?.checkpoint ?? null;
  }

  /**
   * Resolves with the first one's index when all are durable, together and in this order.
   * @throws LedgerError `closed`, `io`; `busy` when too many wait; `refused` when one is too long
   */
  async append(entries: readonly Uint8Array[]): Promise<number> {
    if (this.failure !== null) throw this.failure;
    const bytes = entries.reduce((sum, entry) => sum + entry.length, 0);
    if (entries.length > BATCH_ENTRIES_MAX || bytes > BATCH_BYTES_MAX)
      throw new LedgerError("refused", `log: ${entries.length} entries of ${bytes} bytes at once; hand in fewer`);
    if (entries.some((entry) => entry.length > ENTRY_BYTES_MAX))
      throw new LedgerError("refused", `log: an entry is longer than ${ENTRY_BYTES_MAX} bytes; split it`);
    if (this.waitingEntries + entries.length > WAITING_ENTRIES_MAX)
      throw new LedgerError("busy", "log: too many entries wait for the disk; try again later");
    if (entries.length === 0) return this.size;
    return await new Promise((done, failed) => {
      this.waiting.push({ entries, done, failed });
      this.waitingEntries += entries.length;
      if (!this.committing) void this.commitAll();
    });
  }

  /** Puts all durable entries into tiles; the head that a checkpoint can now be made of. */
  async integrate(): Promise<TreeHead> {
    return await this.exclusively(async () => await this.integrateNow());
  }

  /**
   * Integrates, has the checkpoint's text signed (and cosigned), and publishes what comes back.
   * `sign` may take its time: entries go on being taken. @throws LedgerError
   */
  async checkpoint(sign: (text: string) => string | Promise<string>): Promise<string> {
    const head = await this.integrate();
    const text = checkpointText({ origin: this.origin, ...head });
    const note = await sign(text);
    const { checkpoint, note: parsed } = parseCheckpoint(note);
    if (parsed.text !== text) throw new LedgerError("refused", "checkpoint: what was signed is not what was asked for");
    return await this.exclusively(async () => {
      if ((this.published?.checkpoint.size ?? 0) > head.size) return this.published!.note;
      await this.publish(note);
      this.published = { checkpoint, note };
      return note;
    });
  }

  private async publish(note: string): Promise<void> {
    const file = join(this.folder, CHECKPOINT_FILE);
    try {
      await this.files.replaceAll([[file, Buffer.from(note)]]);
    } catch (cause) {
      throw asLedgerError(`log: cannot write ${file}`, cause);
    }
  }

  /** Entries `from` to `to - 1` with their indexes, in bounded memory. */
  async *entries(from = 0, to = this.size): AsyncGenerator<{ readonly index: number; readonly bytes: Buffer }> {
    for (let index = from; index < to; ) {
      const written = this.written.size;
      if (index >= written) {
        const bytes = this.pending[index - written]!;
        yield { index: index++, bytes };
        continue;
      }
      const bundle = await this.tiles.bundle(Math.floor(index / TILE_WIDTH), written);
      for (const bytes of bundle.slice(index % TILE_WIDTH, (index % TILE_WIDTH) + to - index))
        yield { index: index++, bytes };
    }
  }

  /** That entry `index` is in the tree of `size` entries, such as a checkpoint's. @throws LedgerError `refused` beyond the tiles */
  async inclusionProof(index: number, size: number): Promise<Buffer[]> {
    return await inclusionProof(index, size, this.nodes(size));
  }

  async consistencyProof(oldSize: number, size: number): Promise<Buffer[]> {
    return await consistencyProof(oldSize, size, this.nodes(size));
  }

  async rootAt(size: number): Promise<Buffer> {
    return await treeRoot(size, this.nodes(size));
  }

  /** Puts everything into tiles and gives the files up. Safe to call twice. */
  async close(): Promise<void> {
    await this.exclusively(async () => {
      if (this.closed) return;
      this.closed = true;
      try {
        if (this.failure === null) await this.integrateNow();
      } finally {
        this.failure ??= new LedgerError("closed", "log: it is closed");
        await this.journal.close();
      }
    });
  }

  private nodes(size: number): NodeReader {
    if (size > this.written.size)
      throw new LedgerError(
        "refused",
        `log: no proof for a size of ${size}; ${this.written.size} are in tiles: make a checkpoint first`,
      );
    return this.tiles.nodes(size, this.written.size);
  }

  private async commitAll(): Promise<void> {
    this.committing = true;
    while (this.waiting.length > 0) await this.exclusively(async () => await this.commitBatch()).catch(() => undefined);
    this.committing = false;
  }

  private async commitBatch(): Promise<void> {
    const batch = this.takeBatch();
    const entries = batch.flatMap((part) => part.entries.map((entry) => Buffer.from(entry)));
    let first = this.size;
    try {
      if (this.failure !== null) throw this.failure;
      await this.journal.append(first, entries);
    } catch (cause) {
      const failure = this.fail("log: cannot write the journal", cause);
      for (const part of batch) part.failed(failure);
      return;
    }
    for (const entry of entries) this.tree.add(leafHash(entry));
    this.pending.push(...entries);
    for (const part of batch) {
      part.done(first);
      first += part.entries.length;
    }
    if (this.journal.bytes > JOURNAL_BYTES_MAX) await this.integrateNow();
  }

  /** As many as fit into one batch, at least one. */
  private takeBatch(): Waiting[] {
    let [entries, bytes, count] = [0, 0, 0];
    for (const part of this.waiting) {
      entries += part.entries.length;
      bytes += part.entries.reduce((sum, entry) => sum + entry.length, 0);
      if (count > 0 && (entries > BATCH_ENTRIES_MAX || bytes > BATCH_BYTES_MAX)) break;
      count++;
    }
    const batch = this.waiting.splice(0, count);
    for (const part of batch) this.waitingEntries -= part.entries.length;
    return batch;
  }

  private async integrateNow(): Promise<TreeHead> {
    if (this.failure !== null) throw this.failure;
    const head = { size: this.size, root: this.root() };
    if (head.size === this.written.size) return head;
    try {
      const old = this.journal;
      await this.tiles.grow(this.written.size, this.pending);
      this.journal = await moveOn(this.files, this.folder, { origin: this.origin, ...head });
      this.written = head;
      this.pending = [];
      await old.close();
      await this.files.remove(join(this.folder, old.name));
      return head;
    } catch (cause) {
      throw this.fail("log: cannot write tiles", cause);
    }
  }

  /** After a failed write nobody knows what the disk holds: nothing more is taken until the log is opened again. */
  private fail(what: string, cause: unknown): LedgerError {
    this.failure ??= asLedgerError(what, cause);
    return this.failure;
  }

  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work, work);
    this.turn = result.catch(() => undefined);
    return result;
  }
}
