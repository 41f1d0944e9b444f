// The chain of one sidecar's records: numbered from 0 without gaps, each naming the SHA-256 of the exact bytes before it. Pure: a state
// in, a state out; whoever writes the bytes keeps the new state only when the write has completed.
import { hash as digest } from "node:crypto";
import { RecordWriter } from "./record-writer.ts";

/** What the first record of a chain names as the one before it. */
export const GENESIS = "0".repeat(64);

export interface ChainState {
  /** 32 hex digits, made at random when the chain begins. */
  readonly chain: string;
  readonly next: number;
  /** Hash of the last record in hex. */
  readonly last: string;
}

/** Where a record stands, as it is written inside the record. */
export interface ChainPosition {
  readonly chain: string;
  readonly number: number;
  readonly previous: string;
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** Records of one page lie in one segment and may refer to earlier ones of it; absent: they may not. */
  readonly page?: number;
}

/** Writes the canonical text of one record for its place in the chain. */
export type RecordBody = (at: ChainPosition, out: RecordWriter) => void;

export interface Appended {
  readonly bytes: Buffer;
  readonly number: number;
  readonly hash: string;
  readonly state: ChainState;
}

export function newChain(chain: string): ChainState {
  return { chain, next: 0, last: GENESIS };
}

export function recordHash(bytes: Uint8Array): string {
  return digest("sha256", bytes, "hex");
}

export function append(state: ChainState, body: RecordBody, timeMs: number): Appended {
  const number = state.next;
  const out = new RecordWriter();
  body({ chain: state.chain, number, previous: state.last, timeMs }, out);
  const bytes = Buffer.from(out.bytes());
  const hash = recordHash(bytes);
  return { bytes, number, hash, state: { chain: state.chain, next: number + 1, last: hash } };
}

/** The members of a record that the chain is made of. */
export interface ChainLink {
  readonly chain: string;
  readonly number: number;
  readonly previous: string;
}

interface LinkShape {
  readonly metadata?: { readonly sequence?: unknown };
  readonly unmapped?: { readonly weir?: { readonly chain?: { readonly uid?: unknown; readonly previous?: unknown } } };
}

/** Null when the record does not say where it stands. */
export function linkOf(record: unknown): ChainLink | null {
  const shape = record as LinkShape | null;
  const number = shape?.metadata?.sequence;
  const { uid, previous } = shape?.unmapped?.weir?.chain ?? {};
  if (typeof uid !== "string" || typeof previous !== "string") return null;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) return null;
  return { chain: uid, number, previous };
}

export type ChainFault = {
  readonly index: number;
  readonly why: "not a record" | "wrong chain" | "wrong number" | "wrong previous hash";
};

/** The first fault of a whole chain held in memory, or null. For spools and exports of any size see `verify.ts`. */
export function verifyChain(records: Iterable<Uint8Array>): ChainFault | null {
  let state: ChainState | null = null;
  let index = 0;
  for (const bytes of records) {
    const link = linkOf(parsedRecord(bytes));
    if (link === null) return { index, why: "not a record" };
    state ??= newChain(link.chain);
    if (link.chain !== state.chain) return { index, why: "wrong chain" };
    if (link.number !== state.next) return { index, why: "wrong number" };
    if (link.previous !== state.last) return { index, why: "wrong previous hash" };
    state = { chain: link.chain, next: link.number + 1, last: recordHash(bytes) };
    index++;
  }
  return null;
}

/** The record as data; null when the bytes are no JSON. */
export function parsedRecord(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return null;
  }
}
