// One collector per data folder: two writers would fork the log.
import { mkdirSync } from "node:fs";
import { AuditUnavailable } from "../audit/audit-unavailable.ts";
import { type FolderLock, lockFolder } from "../audit/folder-lock.ts";
import { CollectorError } from "./collector-error.ts";

/** Held until it is released or the process ends in any way. @throws CollectorError */
export function lockData(folder: string): FolderLock {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return lockFolder(folder);
  } catch (cause) {
    if (cause instanceof AuditUnavailable && cause.code === "locked")
      throw new CollectorError("locked", `${folder}: is in use by another collector; there can be only one`, cause);
    const { code = "error" } = cause as NodeJS.ErrnoException;
    throw new CollectorError("io", `${folder}: cannot be used (${code}); name a folder that it may write to`, cause);
  }
}
