// Who signed a checkpoint, and does the log go on from the one that is known from earlier?
import type { FindingKind } from "../audit/exit-codes.ts";
import { type Checkpoint, parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import type { Trust, WitnessSummary } from "./ledger-report.ts";
import { isConsistent, sameHash, type TreeHead } from "./merkle.ts";
import { checkNote, type Note, type NoteVerifier, parseVkey } from "./note.ts";

export interface Fault {
  readonly kind: FindingKind;
  readonly detail: string;
}

/** The keys to check with, all parsed. @throws LedgerError `malformed`, for what was handed in */
export interface TrustedKeys {
  readonly log: NoteVerifier | null;
  readonly witnesses: readonly NoteVerifier[];
  readonly older: SignedCheckpoint | null;
}

export function trustedKeys(trust: Trust): TrustedKeys {
  return {
    log: trust.logKey === undefined ? null : parseVkey(trust.logKey),
    witnesses: (trust.witnessKeys ?? []).map(parseVkey),
    older: trust.olderCheckpoint === undefined ? null : parseCheckpoint(trust.olderCheckpoint),
  };
}

/** Whether a note is signed by the log's key; `what` names the note. */
export function logSignatureFault(note: Note, key: NoteVerifier, what: string): Fault | null {
  const check = checkNote(note, key);
  if (check.signed) return null;
  return check.why === "absent"
    ? {
        kind: "unverifiable-key",
        detail: `${what} carries no signature of the log's key ${key.name}+${key.keyHash.toString("hex")}`,
      }
    : { kind: "wrongly-signed", detail: `the signature of ${what} is not that of the key that it names, ${key.name}` };
}

/** What the witnesses say that are demanded or named; each must have signed. */
export function witnessesOf(
  note: Note,
  demanded: readonly NoteVerifier[],
  named: readonly NoteVerifier[],
): { readonly faults: Fault[]; readonly witnesses: WitnessSummary[] } {
  const faults: Fault[] = [];
  const witnesses: WitnessSummary[] = [];
  const known = new Map([...named, ...demanded].map((key) => [key.vkey, key]));
  for (const key of known.values()) {
    const check = checkNote(note, key);
    witnesses.push({ name: key.name, timeSeconds: check.signed ? check.timeSeconds : null });
    if (check.signed) continue;
    if (check.why === "wrong")
      faults.push({ kind: "wrongly-signed", detail: `the signature of witness ${key.name} is not that of its key` });
    else
      faults.push({ kind: "unverifiable-key", detail: `the checkpoint carries no signature of witness ${key.name}` });
  }
  return { faults, witnesses };
}

/** What the sizes and roots alone tell of a checkpoint and one known from earlier; `unproven` when a proof must decide. */
export function againstOlder(
  current: Checkpoint,
  { checkpoint: older, note }: SignedCheckpoint,
  key: NoteVerifier | null,
): Fault | "same" | "unproven" {
  const unsigned = key === null ? null : logSignatureFault(note, key, "the earlier checkpoint");
  if (unsigned !== null) return unsigned;
  if (older.origin !== current.origin)
    return {
      kind: "unverifiable-key",
      detail: `the earlier checkpoint is of the log ${older.origin}, not of ${current.origin}`,
    };
  if (older.size > current.size)
    return {
      kind: "replayed",
      detail: `its checkpoint has ${current.size} entries, an earlier one had ${older.size}: an old checkpoint stands for a newer one`,
    };
  if (older.size === current.size)
    return sameHash(older.root, current.root)
      ? "same"
      : {
          kind: "forked",
          detail: `another checkpoint of ${older.size} entries has another root: the log has two histories`,
        };
  return "unproven";
}

/** `proven`: a head that the current log is known to go on from, of the older checkpoint's size. */
export function provenFault(older: TreeHead, proven: TreeHead): Fault | null {
  if (sameHash(older.root, proven.root)) return null;
  return {
    kind: "forked",
    detail: `the log's first ${older.size} entries are not those of the earlier checkpoint: it was rewritten`,
  };
}

export function consistencyFault(older: TreeHead, current: TreeHead, proof: readonly Uint8Array[]): Fault | null {
  if (isConsistent(older, current, proof)) return null;
  return {
    kind: "proof-wrong",
    detail: `it is not shown that the log goes on from its checkpoint of ${older.size} entries`,
  };
}
