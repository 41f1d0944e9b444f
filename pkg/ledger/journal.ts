// The journal: entries that are durable and not yet in tiles. One write and one fdatasync per batch, so that many who wait share one
// disk write. A batch that is torn with nothing behind it was never confirmed; one with a whole batch behind it was, and its loss is
// told: the next batch is written only after the one before it is durable.
import { hash as digest } from "node:crypto";
import { join } from "node:path";
import { LedgerError } from "./ledger-error.ts";
import type { AppendFile, LedgerFiles } from "./ledger-files.ts";
import { ENTRY_BYTES_MAX } from "./tiles.ts";

/** Begins with a byte that no entry has: entries are JSON. */
const MAGIC = Buffer.from("\0weirj1\n", "latin1");
const CHECKED = MAGIC.length + 16;
const HEAD = CHECKED + 32;
/** One batch, and so what is lost at most when its write breaks off. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;
export const BATCH_ENTRIES_MAX = 4096;
/** The journal goes into tiles when it is longer. */
export const JOURNAL_BYTES_MAX = 8 * 1024 * 1024;
const FILE_BYTES_MAX = JOURNAL_BYTES_MAX + 2 * (BATCH_BYTES_MAX + ENTRY_BYTES_MAX + HEAD);

interface Batch {
  readonly first: number;
  readonly entries: readonly Buffer[];
  readonly endOffset: number;
}

export function batchBytes(first: number, entries: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(entries.flatMap((entry) => [u32(entry.length), entry]));
  const index = Buffer.alloc(8);
  index.writeBigUInt64BE(BigInt(first));
  const checked = Buffer.concat([MAGIC, u32(body.length), u32(entries.length), index]);
  return Buffer.concat([checked, digest("sha256", Buffer.concat([checked, body]), "buffer"), body]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The batch that begins at `at`, or null when none does. */
function batchAt(bytes: Buffer, at: number): Batch | null {
  if (at + HEAD > bytes.length || bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) return null;
  const bodyStart = at + HEAD;
  const endOffset = bodyStart + bytes.readUInt32BE(at + MAGIC.length);
  if (endOffset > bytes.length) return null;
  const checked = bytes.subarray(at, at + CHECKED);
  const body = bytes.subarray(bodyStart, endOffset);
  const sum = digest("sha256", Buffer.concat([checked, body]), "buffer");
  if (!sum.equals(bytes.subarray(at + CHECKED, bodyStart))) return null;
  const entries: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const end = start + 4 + body.readUInt32BE(start);
    entries.push(body.subarray(start + 4, end));
    start = end;
  }
  return { first: Number(checked.readBigUInt64BE(MAGIC.length + 8)), entries, endOffset };
}

/** The whole batches of a journal's bytes. @throws LedgerError `damaged` when one is behind bytes that are none */
export function batchesOf(
  bytes: Buffer,
  place: string,
): { readonly batches: readonly Batch[]; readonly tornBytes: number } {
  const batches: Batch[] = [];
  let at = 0;
  for (let batch = batchAt(bytes, at); batch !== null; batch = batchAt(bytes, at)) {
    batches.push(batch);
    at = batch.endOffset;
  }
  for (let next = bytes.indexOf(MAGIC, at + 1); next !== -1; next = bytes.indexOf(MAGIC, next + 1)) {
    if (batchAt(bytes, next) === null) continue;
    throw new LedgerError(
      "damaged",
      `${place}: bytes ${at} to ${next} are not what was written, though a later batch is whole; the disk lost what it had confirmed: keep a copy of the folder, and restore it`,
    );
  }
  return { batches, tornBytes: bytes.length - at };
}

export function journalName(first: number): string {
  return `journal-${String(first).padStart(20, "0")}`;
}

function firstOf(name: string): number | null {
  const match = /^journal-(\d{20})$/.exec(name);
  return match === null ? null : Number(match[1]);
}

export interface FoundJournals {
  readonly names: readonly string[];
  /** Where the newest begins; null when there is none. */
  readonly newest: number | null;
  /** Entries from `size` on. */
  readonly entries: readonly Buffer[];
  /** Of a batch that a crash cut short, and that nobody was told was written. */
  readonly tornBytes: number;
}

/** What the journals in the folder hold beyond the `size` entries that are in tiles. @throws LedgerError `damaged`, `lost` */
export async function readJournals(files: LedgerFiles, folder: string, size: number): Promise<FoundJournals> {
  const names = (await files.list(folder)).filter((name) => firstOf(name) !== null).sort();
  const entries: Buffer[] = [];
  let tornBytes = 0;
  for (const name of names) {
    const place = join(folder, name);
    const found = batchesOf((await files.read(place, FILE_BYTES_MAX)) ?? Buffer.alloc(0), place);
    tornBytes += found.tornBytes;
    takeOver(found.batches, firstOf(name)!, size, entries, place);
  }
  return { names, newest: names.length === 0 ? null : firstOf(names.at(-1)!), entries, tornBytes };
}

/** Adds what follows `size` and what was already taken. */
function takeOver(batches: readonly Batch[], begin: number, size: number, entries: Buffer[], place: string): void {
  let expected = begin;
  if (begin > size + entries.length)
    throw new LedgerError(
      "lost",
      `${place}: begins with entry ${begin}, but entries from ${size + entries.length} on are gone; restore the folder`,
    );
  for (const batch of batches) {
    if (batch.first !== expected)
      throw new LedgerError(
        "damaged",
        `${place}: a batch begins with entry ${batch.first}, not ${expected}; restore the folder`,
      );
    expected += batch.entries.length;
    entries.push(...batch.entries.slice(Math.max(0, size + entries.length - batch.first)));
  }
}

/** The journal that is written to. After a failure of `append` nobody knows what it holds: open the log again. */
export class Journal {
  readonly name: string;
  private readonly file: AppendFile;
  private length = 0;

  private constructor(name: string, file: AppendFile) {
    this.name = name;
    this.file = file;
  }

  /** A new and empty one, durable. */
  static async begin(files: LedgerFiles, folder: string, first: number): Promise<Journal> {
    const name = journalName(first);
    await files.replaceAll([[join(folder, name), Buffer.alloc(0)]]);
    return new Journal(name, await files.openAppend(join(folder, name)));
  }

  get bytes(): number {
    return this.length;
  }

  /** Durable when it returns. */
  async append(first: number, entries: readonly Uint8Array[]): Promise<void> {
    const bytes = batchBytes(first, entries);
    await this.file.write(bytes);
    await this.file.datasync();
    this.length += bytes.length;
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
