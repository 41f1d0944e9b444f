// The file system as the collector sees it: that of the log, and what segments, traces and exports need beside it. Handed in, so that
// tests can let any call fail.
import { copyFile, link, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type LedgerFiles, systemLedgerFiles } from "../ledger/ledger-files.ts";

export interface CollectorFiles extends LedgerFiles {
  /** Under another name, at once; folders are made. Which of the names a crash of the machine leaves is open, but it leaves one. */
  move(from: string, to: string): Promise<void>;
  /** The same bytes under a second name: a link where both lie on one volume, else a durable copy, there at once. */
  share(from: string, to: string): Promise<void>;
  exists(file: string): Promise<boolean>;
  /** When it was written; null: it is not there. */
  writtenMs(file: string): Promise<number | null>;
  /** `length` bytes at `offset`; fewer at the end of the file. */
  readPart(file: string, offset: number, length: number): Promise<Buffer>;
}

const FOLDER_MODE = 0o700;

export const systemCollectorFiles: CollectorFiles = {
  ...systemLedgerFiles,
  async move(from, to) {
    await mkdir(dirname(to), { recursive: true, mode: FOLDER_MODE });
    await rename(from, to);
  },
  async share(from, to) {
    await mkdir(dirname(to), { recursive: true, mode: FOLDER_MODE });
    try {
      await link(from, to);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "EEXIST") return;
      if (!["EXDEV", "EPERM", "ENOTSUP", "EMLINK"].includes(code ?? "")) throw cause;
      await copyFile(from, `${to}.new`);
      await synced(`${to}.new`);
      await rename(`${to}.new`, to);
    }
  },
  async exists(file) {
    return await stat(file).then(
      () => true,
      () => false,
    );
  },
  async writtenMs(file) {
    return await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
  },
  async readPart(file, offset, length) {
    const handle = await open(file, "r");
    try {
      const bytes = Buffer.alloc(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await handle.close();
    }
  },
};

async function synced(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
