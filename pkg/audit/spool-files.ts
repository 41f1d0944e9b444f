// The file system as the spool sees it: handed in, so that tests can let any call fail or be cut short. Everything is synchronous,
// because a record must have reached the kernel before the statement goes on.
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export interface SpoolFiles {
  /** With its parents, for its owner only. */
  makeFolder(folder: string): void;
  list(folder: string): readonly string[];
  /** For appending; `create` demands that it does not exist yet. Owner only. */
  openAppend(file: string, create: boolean): number;
  openRead(file: string): number;
  size(fd: number): number;
  /** Bytes read, 0 at the end. */
  read(fd: number, into: Uint8Array, position: number): number;
  /** Bytes written, possibly fewer than given. */
  write(fd: number, bytes: Uint8Array): number;
  truncate(fd: number, length: number): void;
  datasync(fd: number): void;
  syncFolder(folder: string): void;
  close(fd: number): void;
  /** The whole file at once: old or new content, never a mixture. */
  replace(file: string, content: string): void;
  remove(file: string): void;
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** One by one: Node's own recursive mkdir never ends where a folder cannot be made although its parent is there, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

export const systemFiles: SpoolFiles = {
  makeFolder,
  list: (folder) => readdirSync(folder),
  openAppend: (file, create) => openSync(file, create ? "ax" : "a", FILE_MODE),
  openRead: (file) => openSync(file, "r"),
  size: (fd) => fstatSync(fd).size,
  read: (fd, into, position) => readSync(fd, into, 0, into.length, position),
  write: (fd, bytes) => writeSync(fd, bytes),
  truncate: (fd, length) => ftruncateSync(fd, length),
  datasync: (fd) => fdatasyncSync(fd),
  syncFolder: (folder) => withFile(folder, "r", (fd) => fsyncSync(fd)),
  close: (fd) => closeSync(fd),
  replace(file, content) {
    const draft = `${file}.new`;
    withFile(draft, "w", (fd) => void writeSync(fd, content));
    renameSync(draft, file);
  },
  remove: (file) => rmSync(file, { force: true }),
};

function withFile(file: string, flags: string, use: (fd: number) => void): void {
  const fd = openSync(file, flags, FILE_MODE);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

/** A change of names in the folder of `file` is durable only after this. */
export function syncFolderOf(files: SpoolFiles, file: string): void {
  files.syncFolder(dirname(file));
}
