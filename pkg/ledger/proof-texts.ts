// Proofs as evidence files spell them: JSON with hashes in base64.
import { strictBase64 } from "./ed25519.ts";
import { HASH_BYTES, PROOF_LENGTH_MAX } from "./merkle.ts";
import { canonicalObject, isWhole } from "./shapes.ts";

/** That something is entry `index` of the log. */
export interface Inclusion {
  readonly index: number;
  readonly proof: readonly Buffer[];
}

/** `{"index":…,"proof":[…]}` */
export function parseInclusion(bytes: Buffer | null): Inclusion | null {
  const value = bytes === null ? null : canonicalObject(bytes);
  return hasOnly(value, 2) ? inclusionOf(value) : null;
}

/** The exact bytes of an entry of the log and the proof of it. */
export interface EntryLine {
  readonly bytes: Buffer;
  readonly inclusion: Inclusion;
}

/** `{"entry":"…","index":…,"proof":[…]}`; the entry's exact bytes are those of the string. */
export function parseEntryLine(line: Uint8Array): EntryLine | null {
  const value = canonicalObject(line);
  const inclusion = inclusionOf(value);
  const entry = value?.entry;
  return inclusion === null || typeof entry !== "string" || !hasOnly(value, 3)
    ? null
    : { bytes: Buffer.from(entry), inclusion };
}

/** `{"note":"…","proof":[…]}` */
export function parseOlderCheckpoint(
  bytes: Buffer | null,
): { readonly note: string; readonly proof: readonly Buffer[] } | null {
  const value = bytes === null ? null : canonicalObject(bytes);
  const { note, proof } = value ?? {};
  const hashes = hashesOf(proof);
  return typeof note !== "string" || hashes === null || !hasOnly(value, 2) ? null : { note, proof: hashes };
}

/** Nothing is signed here, so a member of another name could say anything unseen. */
function hasOnly(value: object | null, members: number): boolean {
  return value !== null && Object.keys(value).length === members;
}

function inclusionOf(value: unknown): Inclusion | null {
  const { index, proof } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const hashes = hashesOf(proof);
  return isWhole(index) && hashes !== null ? { index, proof: hashes } : null;
}

export function hashesOf(proof: unknown): Buffer[] | null {
  if (!Array.isArray(proof) || proof.length > PROOF_LENGTH_MAX) return null;
  const hashes = proof.map((text) => (typeof text === "string" ? strictBase64(text) : null));
  return hashes.every((hash) => hash?.length === HASH_BYTES) ? (hashes as Buffer[]) : null;
}
