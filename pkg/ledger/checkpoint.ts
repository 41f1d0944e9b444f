// Checkpoints (C2SP tlog-checkpoint): the log's name, how many entries it has and their root, as the text of a signed note.
import { strictBase64 } from "./ed25519.ts";
import { LedgerError } from "./ledger-error.ts";
import { HASH_BYTES, type TreeHead } from "./merkle.ts";
import { type Note, type NoteSigner, parseNote, signNote } from "./note.ts";

export interface Checkpoint extends TreeHead {
  /** The name of the log, which is also the name of its key. */
  readonly origin: string;
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/** Signed by the log, and by witnesses that are at hand; `timeSeconds` is what those sign. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[], timeSeconds = 0): string {
  return signNote(checkpointText(checkpoint), signers, timeSeconds);
}

/** Says nothing about who signed it: ask `checkNote`. Lines after the root are allowed and ignored. @throws LedgerError `malformed` */
export function parseCheckpoint(source: string): SignedCheckpoint {
  const note = parseNote(source);
  return { checkpoint: parseCheckpointText(note.text), note };
}

export function parseCheckpointText(text: string): Checkpoint {
  const [origin = "", size = "", root = ""] = text.split("\n");
  const hash = strictBase64(root);
  const count = /^(?:0|[1-9]\d{0,15})$/.test(size) ? Number(size) : Number.NaN;
  if (origin === "" || !Number.isSafeInteger(count) || hash?.length !== HASH_BYTES || !text.endsWith("\n"))
    throw new LedgerError(
      "malformed",
      "checkpoint: its first lines must be the log's name, its size and the base64 of its root",
    );
  return { origin, size: count, root: hash };
}
