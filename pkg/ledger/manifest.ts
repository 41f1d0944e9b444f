// `evidence.json`: what an evidence file says that it holds. A note beside it, signed by the log's key, names its hash, so that nobody
// else can say less (docs/evidence.md).
import { hash as digest } from "node:crypto";
import { canonicalJson } from "../audit/canonical-json.ts";
import { isChainName, isHashText } from "./segment.ts";
import { canonicalObject, isText, isTime, isWhole } from "./shapes.ts";

export const EVIDENCE_FORMAT = "weir.dev/evidence/v1";
const NEWLINE = 0x0a;
export const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;

/** Records `first` to `last` of a chain, in whole segments. */
export interface ChainClaim {
  readonly chain: string;
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
  readonly first: number;
  readonly last: number;
  readonly lastHash: string;
  /** Hash of the record before the first, or GENESIS. */
  readonly prev: string;
  /** Runs between first and last that are not in the file; each is told by an entry of the log. */
  readonly absent: readonly AbsentRun[];
}

/** `gap`: never arrived. `retention`: deleted when their time was over. */
export interface AbsentRun {
  readonly from: number;
  readonly to: number;
  readonly why: "gap" | "retention";
}

/** With the places in the log of the entries about it that the file holds, ascending: nobody may leave one out. */
export interface ClaimedChain extends ChainClaim {
  readonly entries: readonly number[];
}

export interface Manifest {
  readonly format: typeof EVIDENCE_FORMAT;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  /** What was asked for, in the asker's words. */
  readonly selection: Readonly<Record<string, unknown>>;
  readonly log: {
    readonly origin: string;
    readonly size: number;
    /** In hex. */
    readonly root: string;
    /** The verifier key; whoever does not know it from elsewhere has only the file's word for it. */
    readonly key: string;
    /** Verifier keys of the witnesses whose signatures the checkpoint carries. */
    readonly witnesses: readonly string[];
  };
  /** Ascending by name. */
  readonly chains: readonly ClaimedChain[];
}

export function manifestBytes(manifest: Manifest): Buffer {
  return Buffer.from(`${canonicalJson(manifest)}\n`);
}

/** Null for anything that is not a whole manifest. */
export function parseManifest(bytes: Buffer): Manifest | null {
  const value = bytes.at(-1) === NEWLINE ? canonicalObject(bytes.subarray(0, -1)) : null;
  if (value === null || value.format !== EVIDENCE_FORMAT || !isTime(value.madeAt)) return null;
  if (typeof value.selection !== "object" || value.selection === null) return null;
  if (!isLog(value.log) || !Array.isArray(value.chains) || !value.chains.every(isClaim)) return null;
  const names = value.chains.map(({ chain }) => chain);
  return names.every((name, index) => index === 0 || names[index - 1]! < name) ? (value as unknown as Manifest) : null;
}

function isLog(value: unknown): value is Manifest["log"] {
  const { origin, size, root, key, witnesses } = (value ?? {}) as Partial<Record<keyof Manifest["log"], unknown>>;
  return (
    isText(origin) &&
    isWhole(size) &&
    isHashText(root) &&
    isText(key) &&
    Array.isArray(witnesses) &&
    witnesses.every(isText)
  );
}

function isClaim(value: unknown): value is ClaimedChain {
  const claim = (value ?? {}) as Partial<Record<keyof ClaimedChain, unknown>>;
  const { chain, first, last, lastHash, prev, absent, entries } = claim;
  return (
    isChainName(chain) &&
    [claim.cluster, claim.environment, claim.namespace].every(isText) &&
    isWhole(first) &&
    isWhole(last) &&
    first <= last &&
    isHashText(lastHash) &&
    isHashText(prev) &&
    Array.isArray(absent) &&
    absent.every(isRun) &&
    Array.isArray(entries) &&
    entries.every((index, at) => isWhole(index) && (at === 0 || entries[at - 1] < index))
  );
}

function isRun(value: unknown): value is AbsentRun {
  const { from, to, why } = (value ?? {}) as Partial<Record<keyof AbsentRun, unknown>>;
  return isWhole(from) && isWhole(to) && from <= to && (why === "gap" || why === "retention");
}

/** The text of the note beside it. It can never be taken for a checkpoint: those have a number in their second line. */
export function manifestNoteText(origin: string, manifest: Uint8Array): string {
  return `${EVIDENCE_FORMAT}\n${origin}\n${digest("sha256", manifest, "base64")}\n`;
}
