// The first three members of an evidence file: what it claims, the log's signature under that, and the checkpoint that all proofs lead to.
import type { FindingKind } from "../audit/exit-codes.ts";
import type { Findings } from "../audit/findings.ts";
import { type Checkpoint, parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { againstOlder, type Fault, logSignatureFault, type TrustedKeys, witnessesOf } from "./checkpoint-check.ts";
import { evidenceNames } from "./evidence.ts";
import type { WitnessSummary } from "./ledger-report.ts";
import { type Manifest, manifestNoteText, parseManifest } from "./manifest.ts";
import { sameHash } from "./merkle.ts";
import { type Note, type NoteVerifier, parseNote, parseVkey } from "./note.ts";
import { textOf } from "./shapes.ts";

export interface Opening {
  readonly manifest: Manifest;
  readonly key: NoteVerifier | null;
  readonly witnesses: readonly WitnessSummary[];
  /** What proofs lead to; null when the checkpoint does not hold, and nothing is gained by checking proofs. */
  readonly checkpoint: Checkpoint | null;
  /** An earlier checkpoint that whoever verifies has handed in still waits for a proof. */
  readonly olderIsOpen: boolean;
}

/** `parts`: as many of the three as there are. Null when it is not even said what the file claims. */
export function judgeOpening(parts: readonly Buffer[], trusted: TrustedKeys, findings: Findings): Opening | null {
  const [source, manifestNote, checkpointNote] = parts;
  const manifest = source === undefined ? null : parseManifest(source);
  const tell = (file: string, { kind, detail }: Fault) => findings.add(kind, { file, line: null }, detail);
  if (manifest === null || source === undefined) {
    if (source !== undefined) tell(evidenceNames.manifest, altered("it is not what an evidence file begins with"));
    return null;
  }
  const key = keyOf(manifest, trusted, (fault) => tell(evidenceNames.manifest, fault));
  const note = noteOf(manifestNote, (fault) => tell(evidenceNames.manifestNote, fault));
  const signed = checkpointOf(checkpointNote, (fault) => tell(evidenceNames.checkpoint, fault));
  if (key !== null && note !== null) {
    const fault = logSignatureFault(note, key, evidenceNames.manifestNote) ?? contentFault(note, manifest, source);
    if (fault !== null) tell(evidenceNames.manifestNote, fault);
  }
  const none = { manifest, key, witnesses: [], checkpoint: null, olderIsOpen: false };
  if (key === null || signed === null) return none;
  const { witnesses, faults } = witnessesOf(signed.note, trusted.witnesses, namedWitnesses(manifest));
  for (const fault of faults) tell(evidenceNames.checkpoint, fault);
  const fault = logSignatureFault(signed.note, key, "the checkpoint") ?? claimFault(signed.checkpoint, manifest, key);
  if (fault !== null) tell(evidenceNames.checkpoint, fault);
  if (fault !== null) return { ...none, witnesses };
  const older = trusted.older === null ? "same" : againstOlder(signed.checkpoint, trusted.older, key);
  if (typeof older === "object") tell(evidenceNames.checkpoint, older);
  return { ...none, witnesses, checkpoint: signed.checkpoint, olderIsOpen: older === "unproven" };
}

function altered(detail: string): Fault {
  return { kind: "altered" satisfies FindingKind, detail };
}

/** The key that was handed in, or else the one that the file names. */
function keyOf(manifest: Manifest, trusted: TrustedKeys, tell: (fault: Fault) => void): NoteVerifier | null {
  const named = parsedVkey(manifest.log.key);
  if (trusted.log !== null && trusted.log.vkey !== named?.vkey)
    tell({
      kind: "unverifiable-key",
      detail: `it names another key for the log than the one handed in: ${manifest.log.key}`,
    });
  if (named === null && trusted.log === null) tell(altered("the key that it names for the log is none"));
  return trusted.log ?? named;
}

function parsedVkey(text: string): NoteVerifier | null {
  try {
    return parseVkey(text);
  } catch {
    return null;
  }
}

function namedWitnesses(manifest: Manifest): NoteVerifier[] {
  return manifest.log.witnesses.map(parsedVkey).filter((key) => key !== null);
}

function noteOf(source: Buffer | undefined, tell: (fault: Fault) => void): Note | null {
  if (source === undefined) return null;
  try {
    return parseNote(textOf(source) ?? "");
  } catch {
    tell(altered("it is not a signed note"));
    return null;
  }
}

function checkpointOf(source: Buffer | undefined, tell: (fault: Fault) => void): SignedCheckpoint | null {
  if (source === undefined) return null;
  try {
    return parseCheckpoint(textOf(source) ?? "");
  } catch {
    tell(altered("it is not a signed checkpoint"));
    return null;
  }
}

function contentFault(note: Note, manifest: Manifest, source: Buffer): Fault | null {
  if (note.text === manifestNoteText(manifest.log.origin, source)) return null;
  return altered(`${evidenceNames.manifest} is not the one that the log's key has signed`);
}

/** The checkpoint must be the one that the manifest was made for. */
function claimFault(checkpoint: Checkpoint, { log }: Manifest, key: NoteVerifier): Fault | null {
  const { origin, size, root } = checkpoint;
  if (origin !== log.origin || origin !== key.name)
    return {
      kind: "unverifiable-key",
      detail: `it is of the log ${origin}, its key of ${key.name}, the file of ${log.origin}`,
    };
  if (size !== log.size)
    return {
      kind: "replayed",
      detail: `it has ${size} entries, the evidence was made for one of ${log.size}: another checkpoint was put in its place`,
    };
  if (!sameHash(root, Buffer.from(log.root, "hex")))
    return {
      kind: "forked",
      detail: `two checkpoints of ${size} entries have different roots: the log has two histories`,
    };
  return null;
}
