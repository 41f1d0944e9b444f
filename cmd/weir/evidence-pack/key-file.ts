// Signing keys of people, as files.
import { readFileSync, statSync } from "node:fs";
import { LedgerError } from "../../../pkg/ledger/ledger-error.ts";
import { type NoteSigner, parseSkey } from "../../../pkg/ledger/note.ts";
import { UsageError } from "../command.ts";

/** @throws UsageError */
export function signerIn(option: string, file: string): NoteSigner {
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new UsageError(`${option}: others may read ${file}; it is a secret: chmod 600 it`);
    return parseSkey(readFileSync(file, "utf8"));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = cause instanceof LedgerError ? "it holds no signing key" : (cause as NodeJS.ErrnoException).code;
    throw new UsageError(`${option}: ${file} cannot be used (${why}); make one with weir evidence new-key`, { cause });
  }
}
