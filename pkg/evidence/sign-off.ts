// A reviewer's word on lines of the access review: keep or revoke, with a reason, signed with his own key. Each names the one before it, so
// that none can be taken out from between others.
import { canonicalJson } from "../audit/canonical-json.ts";
import { checkNote, type NoteSigner, parseNote, parseVkey, signNote } from "../ledger/note.ts";
import { isHashText } from "../ledger/segment.ts";
import { canonicalObject, isText, isTime, isWhole } from "../ledger/shapes.ts";
import { membersOf } from "./evidence-records.ts";
import type { Row } from "./row.ts";
import { sha256 } from "./sha256.ts";

export const SIGN_OFF_FORMAT = "weir.dev/sign-off/v1";
export const SIGN_OFF_BYTES_MAX = 16 * 1024 * 1024;
const NOBODY = "0".repeat(64);
const REASON_MAX = 1024;
const ROWS_MAX = 100_000;

export interface SignOff {
  readonly format: typeof SIGN_OFF_FORMAT;
  /** From 1. */
  readonly number: number;
  /** SHA-256 of the pack's manifest, in hex. */
  readonly pack: string;
  /** SHA-256 of the sign-off before this one; 64 zeros for the first. */
  readonly previous: string;
  readonly reviewer: string;
  /** The reviewer's verifier key. */
  readonly key: string;
  readonly decision: "keep" | "revoke";
  /** Identifiers of lines of the review. */
  readonly rows: readonly string[];
  readonly reason: string;
  /** By the reviewer's clock, in milliseconds since the epoch. */
  readonly time: number;
}

export interface SignOffFile {
  readonly signOff: SignOff;
  readonly note: string;
}

/** `before`: the file of the sign-off before this one. */
export function makeSignOff(
  word: Omit<SignOff, "format" | "previous" | "reviewer" | "key">,
  signer: NoteSigner,
  before: Buffer | null,
): Buffer {
  const signOff: SignOff = {
    ...word,
    format: SIGN_OFF_FORMAT,
    previous: before === null ? NOBODY : sha256(before),
    reviewer: signer.name,
    key: signer.vkey,
  };
  const note = signNote(noteText(signOff), [signer], 0);
  return Buffer.from(`${canonicalJson({ note, signOff })}\n`);
}

export function noteText(signOff: SignOff): string {
  const digest = Buffer.from(sha256(canonicalJson(signOff)), "hex").toString("base64");
  return `${SIGN_OFF_FORMAT}\n${signOff.reviewer}\n${digest}\n`;
}

/** Null for anything that has not its one form. */
export function parseSignOff(bytes: Buffer): SignOffFile | null {
  const value = bytes.at(-1) === 0x0a ? canonicalObject(bytes.subarray(0, -1)) : null;
  const { format, number, pack, previous, reviewer, key, decision, rows, reason, time, ...more } = membersOf(
    value?.signOff,
  );
  const isWholeOne =
    Object.keys(value ?? {}).length === 2 &&
    typeof value?.note === "string" &&
    Object.keys(more).length === 0 &&
    format === SIGN_OFF_FORMAT &&
    isWhole(number) &&
    isHashText(pack) &&
    isHashText(previous) &&
    isText(reviewer) &&
    isText(key) &&
    (decision === "keep" || decision === "revoke") &&
    Array.isArray(rows) &&
    rows.length > 0 &&
    rows.length <= ROWS_MAX &&
    rows.every(isText) &&
    isText(reason) &&
    reason.trim() !== "" &&
    reason.length <= REASON_MAX &&
    isTime(time);
  return isWholeOne ? (value as unknown as SignOffFile) : null;
}

/** Why it does not hold; null when it does. `reviewed`: the review's lines by identifier. */
export function signOffFault({ signOff, note }: SignOffFile, expected: ExpectedSignOff): string | null {
  if (signOff.number !== expected.number) return `it has number ${signOff.number}, in place of ${expected.number}`;
  if (signOff.pack !== expected.pack) return "it was given for another pack";
  if (signOff.previous !== (expected.before === null ? NOBODY : sha256(expected.before)))
    return "it does not follow the sign-off before it: one was taken out, changed or put in between";
  if (expected.keys !== null && !expected.keys.includes(signOff.key))
    return `the key of ${signOff.reviewer} is not one of those that you named`;
  if (!isSigned(signOff, note)) return `it is not signed by ${signOff.reviewer}`;
  return rowsFault(signOff, expected.reviewed);
}

export interface ExpectedSignOff {
  readonly number: number;
  readonly pack: string;
  readonly before: Buffer | null;
  /** Verifier keys of reviewers; null when nobody has named any. */
  readonly keys: readonly string[] | null;
  readonly reviewed: ReadonlyMap<string, Row>;
}

export function rowsFault(
  { rows, reviewer }: Pick<SignOff, "rows" | "reviewer">,
  reviewed: ReadonlyMap<string, Row>,
): string | null {
  for (const id of rows) {
    const row = reviewed.get(id);
    if (row === undefined) return `there is no line ${id} in the review`;
    const own = [row.principal, row.login].some(
      (name) => typeof name === "string" && name.toLowerCase() === reviewer.toLowerCase(),
    );
    if (own) return `${reviewer} reviews his own rights (${id}); somebody else must`;
  }
  return null;
}

function isSigned(signOff: SignOff, note: string): boolean {
  try {
    const key = parseVkey(signOff.key);
    const parsed = parseNote(note);
    const isOnly = parsed.signatures.length === 1 && parsed.text === noteText(signOff);
    return key.name === signOff.reviewer && key.vkey === signOff.key && isOnly && checkNote(parsed, key).signed;
  } catch {
    return false;
  }
}
