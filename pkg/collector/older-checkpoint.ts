// A checkpoint that a reader keeps from earlier, and that evidence is to lead on from.
import { parseCheckpoint } from "../ledger/checkpoint.ts";
import { LedgerError } from "../ledger/ledger-error.ts";
import { checkNote, parseVkey } from "../ledger/note.ts";

export type OlderCheckpoint =
  | { readonly ok: true; readonly notes: readonly string[] }
  | { readonly ok: false; readonly error: string };

const LENGTH_MAX = 65_536;

/** `size`: of the checkpoint that the evidence is under. */
export function olderCheckpoint(given: unknown, logKey: string, size: number): OlderCheckpoint {
  if (given === undefined) return { ok: true, notes: [] };
  if (typeof given !== "string" || given.length > LENGTH_MAX) return wrong("must be a checkpoint's text");
  try {
    const { checkpoint, note } = parseCheckpoint(given);
    if (!checkNote(note, parseVkey(logKey)).signed) return wrong("is not signed by this log");
    if (checkpoint.size > size) return wrong(`is of ${checkpoint.size} entries, and the log has ${size}`);
    return { ok: true, notes: [given] };
  } catch (cause) {
    if (cause instanceof LedgerError) return wrong("is none; send one that you keep from an earlier evidence file");
    throw cause;
  }
}

function wrong(what: string): OlderCheckpoint {
  return { ok: false, error: `checkpoint: ${what}` };
}
