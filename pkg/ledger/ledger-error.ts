// The one error of this package that callers act on.

/**
 * `io`: the file system refused. `damaged`: what lies on disk is not what was written. `lost`: what was made durable is gone, as after a
 * disk that does not keep what it confirmed, or an old copy put back. `closed`: after `close()` or after a write of which nobody knows
 * how far it came; open again. `refused`: an argument that cannot be taken.
 * `busy`: too much waits, try later. `malformed`: text or bytes from outside without their form.
 */
export type LedgerFault = "io" | "damaged" | "lost" | "closed" | "refused" | "busy" | "malformed";

export class LedgerError extends Error {
  readonly code: LedgerFault;

  constructor(code: LedgerFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "LedgerError";
    this.code = code;
  }
}

/** Any failure as LedgerError: what was not possible, why, and what to do about it. */
export function asLedgerError(what: string, cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause;
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? String(cause);
  return new LedgerError(
    "io",
    `${what} (${code}): check the volume, its room and its permissions, then open the log again`,
    cause,
  );
}
