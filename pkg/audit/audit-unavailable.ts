// The one error of this package that callers act on: what was to be recorded is not.

/**
 * `full`: no room, records wait to be shipped. `io`: the file system refused. `locked`: another sidecar owns the folder.
 * `closed`: after `close()`. `encoding`: an event that cannot be written down (a defect of ours).
 */
export type AuditFailure = "full" | "io" | "locked" | "closed" | "encoding";

export class AuditUnavailable extends Error {
  readonly code: AuditFailure;
  /** Events of the call, from its beginning on, that are recorded nevertheless. */
  recorded = 0;

  constructor(code: AuditFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "AuditUnavailable";
    this.code = code;
  }
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: free space or give the spool a larger volume",
  EDQUOT: "the quota is used up: raise it or give the spool a larger volume",
  EACCES: "permission denied: the folder and its files must belong to the user that runs the sidecar",
  EPERM: "not permitted: the folder and its files must belong to the user that runs the sidecar",
  EROFS: "the file system is read-only: mount the spool's volume writable",
  EIO: "the device reports an error: check the volume; records up to this one are kept",
  ENOENT: "it does not exist: create the folder or correct the path",
  ENOTDIR: "a part of the path is not a folder: correct the path",
  EMFILE: "too many open files: raise the limit of the process",
};

/** An I/O failure as AuditUnavailable: the file, what happened and what to do about it. */
export function ioFailure(what: string, file: string, cause: unknown): AuditUnavailable {
  if (cause instanceof AuditUnavailable) return cause;
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? "unknown error";
  return new AuditUnavailable(
    "io",
    `audit spool: cannot ${what} ${file} (${code}): ${remedies[code] ?? "check the volume and its permissions"}`,
    cause,
  );
}
