// Checkpoints that an auditor kept from earlier, asked for with evidence: it then shows that the log goes on from them.
import { parseCheckpoint } from "../ledger/checkpoint.ts";
import { checkNote, type NoteSigner, parseVkey } from "../ledger/note.ts";

export type ReadCheckpoints =
  | { readonly ok: true; readonly checkpoints: readonly string[] }
  | { readonly ok: false; readonly status: 400 | 409; readonly error: string };

const CHECKPOINTS_MAX = 8;
const CHARS_MAX = 8 * 1024;

/** `size`: how many entries the newest checkpoint has. */
export function readOlderCheckpoints(value: unknown, signer: NoteSigner, size: number): ReadCheckpoints {
  if (value === undefined) return { ok: true, checkpoints: [] };
  if (!isTexts(value))
    return bad(
      `checkpoints: must be a list of at most ${CHECKPOINTS_MAX} signed notes, as GET /v1/checkpoint gives them`,
    );
  const sizes = new Set<number>();
  for (const [at, note] of value.entries()) {
    const old = sizeOf(note, signer);
    if (old === null) return bad(`checkpoints[${at}]: is no checkpoint that this log's key has signed; leave it out`);
    if (sizes.has(old)) return bad(`checkpoints[${at}]: is the second of ${old} entries; name one of each size`);
    sizes.add(old);
    if (old > size) {
      const error = `checkpoints[${at}]: has ${old} entries, the log only ${size}: it has lost some; keep that checkpoint`;
      return { ok: false, status: 409, error };
    }
  }
  return { ok: true, checkpoints: value };
}

function sizeOf(note: string, signer: NoteSigner): number | null {
  try {
    const { checkpoint, note: parsed } = parseCheckpoint(note);
    return checkNote(parsed, parseVkey(signer.vkey)).signed ? checkpoint.size : null;
  } catch {
    return null;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= CHECKPOINTS_MAX &&
    value.every((each) => typeof each === "string" && each.length <= CHARS_MAX)
  );
}

function bad(error: string): ReadCheckpoints {
  return { ok: false, status: 400, error };
}
