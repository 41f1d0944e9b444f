// One sidecar per spool folder: two writers would fork the chain. Node has no flock, but SQLite, which is part of it, takes a kernel
// lock on a file (fcntl), synchronously, and the kernel releases it when the process dies in any way; no pid is ever trusted.
// The kernel also drops such a lock when the same process closes any other descriptor of that file: nobody else may open `lock`.
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AuditUnavailable, ioFailure } from "./audit-unavailable.ts";

export const LOCK_FILE = "lock";

export interface FolderLock {
  release(): void;
}

/** @throws AuditUnavailable `locked` when another process, or this one, holds it. */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, LOCK_FILE);
  createOnce(file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new AuditUnavailable(
        "locked",
        `audit spool: ${folder} is in use by another sidecar; give every sidecar a folder of its own`,
        cause,
      );
    }
    throw ioFailure("lock", file, cause);
  }
}

const SQLITE_BUSY = 5;

function createOnce(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw ioFailure("create", file, cause);
  }
}
