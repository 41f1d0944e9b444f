// The file system as the log sees it: handed in, so that tests can lose what was not yet durable and stop anywhere.
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

export interface AppendFile {
  /** All of the bytes, or it throws and nobody knows how many. */
  write(bytes: Uint8Array): Promise<void>;
  /** What was written survives the machine. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface LedgerFiles {
  /** With its parents, durable, for its owner only. */
  makeFolder(folder: string): Promise<void>;
  /** Names; none when the folder is absent. */
  list(folder: string): Promise<readonly string[]>;
  /** The whole file, or null when it is absent. @throws when it is longer */
  read(file: string, bytesMax: number): Promise<Buffer | null>;
  openAppend(file: string): Promise<AppendFile>;
  /** Each file at once, old or new content, durable when it returns. Their folders are made. */
  replaceAll(files: readonly (readonly [file: string, content: Uint8Array])[]): Promise<void>;
  /** A file or a folder with what is in it; fine when absent. */
  remove(path: string): Promise<void>;
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Files open at once. */
const PARALLEL = 16;

export const systemLedgerFiles: LedgerFiles = {
  makeFolder,
  async list(folder) {
    return (await orNull(readdir(folder))) ?? [];
  },
  async read(file, bytesMax) {
    const handle = await orNull(open(file, "r"));
    if (handle === null) return null;
    try {
      const { size } = await handle.stat();
      if (size > bytesMax) throw Object.assign(new Error(`${file}: ${size} bytes`), { code: "EFBIG" });
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  },
  async openAppend(file) {
    const handle = await open(file, "a", FILE_MODE);
    return {
      async write(bytes) {
        for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
      },
      datasync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
  async replaceAll(files) {
    const folders = [...new Set(files.map(([file]) => dirname(file)))];
    await inTurns(folders, makeFolder);
    await inTurns(files, async ([file, content]) => await writeDurably(draftOf(file), content));
    await inTurns(files, async ([file]) => await rename(draftOf(file), file));
    await inTurns(folders, syncFolder);
  },
  async remove(path) {
    await rm(path, { recursive: true, force: true });
  },
};

function draftOf(file: string): string {
  return `${file}.new`;
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function writeDurably(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, "w", FILE_MODE);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function inTurns<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += PARALLEL)
    await Promise.all(items.slice(start, start + PARALLEL).map(act));
}

async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return null;
    throw cause;
  }
}
