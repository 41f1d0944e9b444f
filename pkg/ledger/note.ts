// Signed notes (C2SP signed-note@v1.0.0) and their keys: a text, an empty line, and lines of signatures by name. Signatures by keys that
// the reader does not know are kept and mean nothing. Witnesses sign with a time of their own (C2SP tlog-cosignature, cosignature/v1).
import { hash as digest } from "node:crypto";
import { isSignedBy, keyOfSeed, PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES, strictBase64 } from "./ed25519.ts";
import { LedgerError } from "./ledger-error.ts";

export const NOTE_BYTES_MAX = 64 * 1024;
const SIGNATURES_MAX = 64;
const KEY_HASH_BYTES = 4;
const TIME_BYTES = 8;
const DASH = "\u2014 ";

/** What a key signs: the note itself, or the note with the time at which a witness saw it. */
export type NoteKeyKind = "ed25519" | "cosignature";
const algorithms: Readonly<Record<NoteKeyKind, number>> = { ed25519: 1, cosignature: 4 };

export interface NoteVerifier {
  readonly name: string;
  readonly kind: NoteKeyKind;
  readonly publicKey: Buffer;
  /** First four bytes of a SHA-256 over name, algorithm and key. */
  readonly keyHash: Buffer;
  /** The text that `parseVkey` takes. */
  readonly vkey: string;
}

export interface NoteSigner extends NoteVerifier {
  /** The signature over a note's text; `timeSeconds` is what a witness adds and nobody else uses. */
  sign(text: string, timeSeconds: number): Buffer;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyHash: Buffer;
  readonly signature: Buffer;
}

export interface Note {
  /** Ends with a line break. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function newVerifier(name: string, kind: NoteKeyKind, publicKey: Buffer): NoteVerifier {
  if (!isKeyName(name))
    throw new LedgerError("malformed", `key name "${name}": it has spaces or a plus sign, or is empty`);
  const typed = Buffer.concat([Buffer.from([algorithms[kind]]), publicKey]);
  const keyHash = digest("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "buffer").subarray(
    0,
    KEY_HASH_BYTES,
  );
  return { name, kind, publicKey, keyHash, vkey: `${name}+${keyHash.toString("hex")}+${typed.toString("base64")}` };
}

export function newSigner(name: string, kind: NoteKeyKind, seed: Uint8Array): NoteSigner {
  const key = keyOfSeed(seed);
  return {
    ...newVerifier(name, kind, key.publicKey),
    sign(text, timeSeconds) {
      if (kind === "ed25519") return key.sign(Buffer.from(text));
      const time = Buffer.alloc(TIME_BYTES);
      time.writeBigUInt64BE(BigInt(timeSeconds));
      return Buffer.concat([time, key.sign(cosigned(text, BigInt(timeSeconds)))]);
    },
  };
}

/** `name+hash+base64`, as `weir`, Go's note package and witnesses print keys. */
export function parseVkey(text: string): NoteVerifier {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  const typed = match === null ? null : strictBase64(match[3]!);
  const kind = typed === null ? undefined : kindOf(typed[0]);
  if (match === null || typed === null || kind === undefined || typed.length !== PUBLIC_KEY_BYTES + 1)
    throw new LedgerError(
      "malformed",
      "log key: not a verifier key; it reads NAME+8 hex digits+base64 of an Ed25519 key",
    );
  const verifier = newVerifier(match[1]!, kind, typed.subarray(1));
  if (verifier.keyHash.toString("hex") !== match[2])
    throw new LedgerError(
      "malformed",
      `log key ${match[1]}: its name or key does not fit its hash ${match[2]}; copy it anew`,
    );
  return verifier;
}

/** The secret half as Go's note package writes it: `PRIVATE+KEY+name+hash+base64`. A secret: for a file of mode 0600 only. */
export function skeyOf(name: string, kind: NoteKeyKind, seed: Uint8Array): string {
  const typed = Buffer.concat([Buffer.from([algorithms[kind]]), seed]);
  return `PRIVATE+KEY+${name}+${newSigner(name, kind, seed).keyHash.toString("hex")}+${typed.toString("base64")}`;
}

export function parseSkey(text: string): NoteSigner {
  const match = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  const typed = match === null ? null : strictBase64(match[3]!);
  const kind = typed === null ? undefined : kindOf(typed[0]);
  if (match === null || typed === null || kind === undefined || typed.length !== SEED_BYTES + 1)
    throw new LedgerError("malformed", "log key: not a signing key; it reads PRIVATE+KEY+NAME+8 hex digits+base64");
  const signer = newSigner(match[1]!, kind, typed.subarray(1));
  if (signer.keyHash.toString("hex") !== match[2])
    throw new LedgerError("malformed", `log key ${match[1]}: its name or key does not fit its hash ${match[2]}`);
  return signer;
}

/** The note with one signature per signer. */
export function signNote(text: string, signers: readonly NoteSigner[], timeSeconds: number): string {
  if (!isNoteText(text))
    throw new LedgerError("refused", "note: its text must end with a line break and hold no control characters");
  const lines = signers.map((signer) => signatureLine(signer, signer.sign(text, timeSeconds)));
  return `${text}\n${lines.join("")}`;
}

/** The same note with the lines of a witness's answer behind its own. */
export function withSignatures(note: string, lines: string): string {
  parseNote(note + lines);
  return note + lines;
}

/** The same note with no signature but this key's. */
export function withOnly(source: string, key: NoteVerifier): string {
  const { text, signatures } = parseNote(source);
  const own = signatures.filter(({ name, keyHash }) => name === key.name && keyHash.equals(key.keyHash));
  return `${text}\n${own.map(({ signature }) => signatureLine(key, signature)).join("")}`;
}

/** `time`: of a cosignature, in seconds since the epoch. */
export type NoteCheck =
  | { readonly signed: true; readonly timeSeconds: number | null }
  | { readonly signed: false; readonly why: "absent" | "wrong" };

/** Whether the note carries a good signature of this key. One wrong signature by it counts more than a good one. */
export function checkNote(note: Note, verifier: NoteVerifier): NoteCheck {
  const own = note.signatures.filter(({ name, keyHash }) => name === verifier.name && keyHash.equals(verifier.keyHash));
  let found: NoteCheck = { signed: false, why: "absent" };
  for (const { signature } of own) {
    found = checkSignature(note.text, signature, verifier);
    if (!found.signed) return found;
  }
  return found;
}

function checkSignature(text: string, signature: Buffer, verifier: NoteVerifier): NoteCheck {
  if (verifier.kind === "ed25519")
    return isSignedBy(verifier.publicKey, Buffer.from(text), signature)
      ? { signed: true, timeSeconds: null }
      : { signed: false, why: "wrong" };
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return { signed: false, why: "wrong" };
  const time = signature.readBigUInt64BE();
  return isSignedBy(verifier.publicKey, cosigned(text, time), signature.subarray(TIME_BYTES))
    ? { signed: true, timeSeconds: Number(time) }
    : { signed: false, why: "wrong" };
}

/** @throws LedgerError `malformed` */
export function parseNote(source: string): Note {
  const end = source.lastIndexOf("\n\n");
  const text = source.slice(0, end + 1);
  const lines = source.slice(end + 2).split("\n");
  const whole = end > 0 && source.length <= NOTE_BYTES_MAX && isNoteText(source) && lines.pop() === "";
  if (!whole || lines.length === 0 || lines.length > SIGNATURES_MAX)
    throw new LedgerError("malformed", "checkpoint: not a signed note: a text, an empty line, and lines of signatures");
  return { text, signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const match = /^\u2014 ([^+\s]+) ([A-Za-z0-9+/=]+)$/.exec(line);
  const bytes = match === null ? null : strictBase64(match[2]!);
  if (match === null || bytes === null || bytes.length <= KEY_HASH_BYTES)
    throw new LedgerError("malformed", "checkpoint: a line of its signatures does not read `— NAME BASE64`");
  return { name: match[1]!, keyHash: bytes.subarray(0, KEY_HASH_BYTES), signature: bytes.subarray(KEY_HASH_BYTES) };
}

function signatureLine(key: NoteVerifier, signature: Buffer): string {
  return `${DASH}${key.name} ${Buffer.concat([key.keyHash, signature]).toString("base64")}\n`;
}

function cosigned(text: string, timeSeconds: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}

function kindOf(algorithm: number | undefined): NoteKeyKind | undefined {
  return (Object.keys(algorithms) as NoteKeyKind[]).find((kind) => algorithms[kind] === algorithm);
}

export function isKeyName(name: string): boolean {
  return name.length > 0 && name.isWellFormed() && !/[\s+]/u.test(name);
}

function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are what the format forbids
  return text.endsWith("\n") && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}
