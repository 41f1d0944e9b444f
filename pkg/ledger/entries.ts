// What the entries of the log say. An entry is canonical JSON with a `type`; its exact bytes are the leaf of the Merkle tree.
import { canonicalJson } from "../audit/canonical-json.ts";
import { isSignedBy, keyIdOf, PUBLIC_KEY_BYTES, type Sign, strictBase64 } from "./ed25519.ts";
import { LedgerError } from "./ledger-error.ts";
import { isChainName, isHashText, isHeader, type SegmentHeader } from "./segment.ts";
import { canonicalObject, isText, isTime, isWhole } from "./shapes.ts";
import { ENTRY_BYTES_MAX } from "./tiles.ts";

const CHAIN_KEY_SIGNED = "weir.dev/chain-key/v1";

/** A sealed segment that the collector holds. */
export interface SegmentEntry {
  readonly type: "segment";
  readonly header: SegmentHeader;
  readonly signature: string;
}

/** What a sidecar registers before its key may sign. */
export interface ChainRegistration {
  readonly chain: string;
  /** Base64 of the raw 32 bytes. */
  readonly publicKey: string;
  /** Base64: the key's own signature over chain and key (`provedBytes`). */
  readonly proof: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly environment: string;
  readonly instance: string;
  readonly workload: string;
}

/** A registered key, with whom the collector had authenticated (such as a ServiceAccount and its pod) and when. */
export interface ChainKeyEntry extends ChainRegistration {
  readonly type: "chain-key";
  readonly identity: Readonly<Record<string, string>>;
  readonly time: number;
}

/** Records `from` to `to` never arrived, and the sidecar says that they never will. */
export interface GapEntry {
  readonly type: "gap";
  readonly chain: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly time: number;
}

/** Two records claimed one number: `hash` is the one that is held, `other` the one that was refused. */
export interface ForkEntry {
  readonly type: "fork";
  readonly chain: string;
  readonly number: number;
  readonly hash: string;
  readonly other: string;
  readonly time: number;
}

/** How a chain ended. Unclosed: its sidecar is gone without a close record; `last` is the last number known from heartbeats. */
export interface EndEntry {
  readonly type: "closed" | "unclosed";
  readonly chain: string;
  readonly last: number;
  readonly lastHash: string;
  readonly time: number;
}

/** Segments that were deleted because their time was over; their entries and roots stay. */
export interface RetentionEntry {
  readonly type: "retention";
  readonly segments: readonly {
    readonly chain: string;
    readonly first: number;
    readonly last: number;
    readonly root: string;
  }[];
  readonly time: number;
}

/** Someone forbade (or allowed again) that records of this selection are deleted. */
export interface LegalHoldEntry {
  readonly type: "legal-hold";
  readonly name: string;
  readonly state: "placed" | "lifted";
  readonly selection: Readonly<Record<string, unknown>>;
  readonly by: string;
  readonly time: number;
}

/** Of a later version: kept and proven like any other. */
export interface UnknownEntry {
  readonly type: "unknown";
  readonly named: string;
}

export type LogEntry = SegmentEntry | ChainKeyEntry | GapEntry | ForkEntry | EndEntry | RetentionEntry | LegalHoldEntry;

/** @throws LedgerError `refused` when it is too long for the log: split it (a retention entry can be). */
export function entryBytes(entry: LogEntry): Buffer {
  const bytes = Buffer.from(canonicalJson(entry));
  if (bytes.length <= ENTRY_BYTES_MAX) return bytes;
  throw new LedgerError(
    "refused",
    `log entry of type ${entry.type}: ${bytes.length} bytes, at most ${ENTRY_BYTES_MAX}; split it`,
  );
}

/** Null when the bytes are no entry: not canonical JSON, or a known type without its members. */
export function parseEntry(bytes: Uint8Array): LogEntry | UnknownEntry | null {
  const value = canonicalObject(bytes);
  if (value === null || typeof value.type !== "string") return null;
  const known = forms[value.type as LogEntry["type"]];
  if (known === undefined) return { type: "unknown", named: value.type };
  return known(value) ? (value as unknown as LogEntry) : null;
}

type Members = Readonly<Record<string, unknown>>;

const forms: Readonly<Record<LogEntry["type"], (value: Members) => boolean>> = {
  segment: ({ header, signature }) =>
    isHeader(header) && typeof signature === "string" && strictBase64(signature) !== null,
  "chain-key": (value) => isRegistration(value) && isIdentity(value.identity) && isTime(value.time),
  gap: ({ chain, from, to, reason, time }) =>
    isChainName(chain) && isWhole(from) && isWhole(to) && from <= to && isText(reason) && isTime(time),
  fork: ({ chain, number, hash, other, time }) =>
    isChainName(chain) && isWhole(number) && isHashText(hash) && isHashText(other) && isTime(time),
  closed: isEnd,
  unclosed: isEnd,
  retention: ({ segments, time }) => Array.isArray(segments) && segments.every(isDeleted) && isTime(time),
  "legal-hold": ({ name, state, selection, by, time }) =>
    isText(name) &&
    (state === "placed" || state === "lifted") &&
    typeof selection === "object" &&
    isText(by) &&
    isTime(time),
};

function isEnd({ chain, last, lastHash, time }: Members): boolean {
  return isChainName(chain) && isWhole(last) && isHashText(lastHash) && isTime(time);
}

function isDeleted(value: unknown): boolean {
  const { chain, first, last, root } = (value ?? {}) as Members;
  return isChainName(chain) && isWhole(first) && isWhole(last) && first <= last && isHashText(root);
}

function isIdentity(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every(isText);
}

/** The members of a registration with their forms, as a request has them; the proof is not checked. */
export function isRegistration(value: Members): boolean {
  const { chain, publicKey, proof } = value;
  const texts = ["cluster", "namespace", "environment", "instance", "workload"];
  return (
    isChainName(chain) &&
    typeof publicKey === "string" &&
    strictBase64(publicKey)?.length === PUBLIC_KEY_BYTES &&
    typeof proof === "string" &&
    texts.every((name) => isText(value[name]))
  );
}

/** What a chain's key signs to show that whoever registers it holds it. */
export function provedBytes(chain: string, publicKey: string): Buffer {
  return Buffer.from(`${CHAIN_KEY_SIGNED}\n${chain}\n${publicKey}`);
}

export function proveKey(chain: string, publicKey: Uint8Array, sign: Sign): string {
  return sign(provedBytes(chain, Buffer.from(publicKey).toString("base64"))).toString("base64");
}

/** Whether the registration is signed by the key that it registers. */
export function isKeyProven({ chain, publicKey, proof }: ChainRegistration): boolean {
  const [key, signature] = [strictBase64(publicKey), strictBase64(proof)];
  return key !== null && signature !== null && isSignedBy(key, provedBytes(chain, publicKey), signature);
}

export function keyIdOfEntry(entry: ChainRegistration): string {
  return keyIdOf(Buffer.from(entry.publicKey, "base64"));
}
