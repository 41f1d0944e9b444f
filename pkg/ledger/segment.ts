// Segments: a run of consecutive records of one chain, with a header that the chain's key signs. The header names the records' Merkle
// root, so one record is proven without the others; its own bytes are an entry of the log (entries.ts).
import { canonicalJson } from "../audit/canonical-json.ts";
import { GENESIS, linkOf, parsedRecord, recordHash } from "../audit/chain.ts";
import { intactLine, lineOf } from "../audit/line.ts";
import { isSignedBy, keyIdOf, type Sign, strictBase64 } from "./ed25519.ts";
import { GrowingTree, leafHash } from "./merkle.ts";
import { isText, isTime, isWhole, parsedObject, textOf } from "./shapes.ts";

export const SEGMENT_FORMAT = "weir.dev/segment/v1";
const SIGNED = Buffer.from(`${SEGMENT_FORMAT}\n`);
/** More than any sealed header has. */
export const HEADER_BYTES_MAX = 8 * 1024;
/** More than any sidecar seals into one. */
export const SEGMENT_RECORDS_MAX = 100_000;

export interface SegmentHeader {
  readonly chain: string;
  readonly cluster: string;
  readonly count: number;
  readonly environment: string;
  readonly first: number;
  readonly format: typeof SEGMENT_FORMAT;
  /** When its first and last record were written, in milliseconds since the epoch. */
  readonly from: number;
  /** Of the chain key that signs: `keyIdOf`. */
  readonly key: string;
  readonly last: number;
  readonly lastHash: string;
  readonly namespace: string;
  /** Hash of the record before the first, or GENESIS. */
  readonly prev: string;
  /** RFC 6962 root over the exact bytes of the records, in hex. */
  readonly root: string;
  readonly to: number;
}

export interface SegmentMeta {
  readonly chain: string;
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
  readonly first: number;
  readonly prev: string;
  readonly from: number;
  readonly to: number;
}

export interface SealedSegment {
  readonly header: SegmentHeader;
  /** What is signed and sent: the header's canonical JSON. */
  readonly headerText: string;
  /** Base64. */
  readonly signature: string;
}

export interface ChainKey {
  readonly publicKey: Uint8Array;
  readonly sign: Sign;
}

/** `records`: the exact bytes that were hashed, at least one, in order. */
export function sealSegment(records: readonly Uint8Array[], meta: SegmentMeta, key: ChainKey): SealedSegment {
  const tree = new GrowingTree();
  for (const record of records) tree.add(leafHash(record));
  const header: SegmentHeader = {
    ...meta,
    count: records.length,
    format: SEGMENT_FORMAT,
    key: keyIdOf(key.publicKey),
    last: meta.first + records.length - 1,
    lastHash: recordHash(records.at(-1)!),
    root: tree.root().toString("hex"),
  };
  const headerText = canonicalJson(header);
  return { header, headerText, signature: key.sign(signedBytes(headerText)).toString("base64") };
}

/** The header of its canonical bytes; null when they are anything else. */
export function parseHeader(text: string): SegmentHeader | null {
  if (text.length > HEADER_BYTES_MAX) return null;
  const value = parsedObject(text);
  if (value === null || !isHeader(value) || canonicalJson(value) !== text) return null;
  return value;
}

const HEADER_MEMBERS = 14;

export function isHeader(value: unknown): value is SegmentHeader {
  const header = value as Partial<Record<keyof SegmentHeader, unknown>> | null;
  if (typeof header !== "object" || header === null || Object.keys(header).length !== HEADER_MEMBERS) return false;
  const { chain, cluster, count, environment, first, format, from, key, last, lastHash, namespace, prev, root, to } =
    header;
  return (
    format === SEGMENT_FORMAT &&
    isChainName(chain) &&
    [cluster, environment, namespace].every(isText) &&
    isWhole(first) &&
    isWhole(last) &&
    isWhole(count) &&
    count === last - first + 1 &&
    count > 0 &&
    isTime(from) &&
    isTime(to) &&
    isKeyId(key) &&
    [lastHash, prev, root].every(isHashText) &&
    (prev === GENESIS) === (first === 0)
  );
}

export function isChainName(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

export function isHashText(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isKeyId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{16}$/.test(value);
}

function signedBytes(headerText: string): Buffer {
  return Buffer.concat([SIGNED, Buffer.from(headerText)]);
}

/** Whether the key that the header names is this one and has signed it. */
export function isHeaderSigned(header: SegmentHeader, signature: string, publicKey: Uint8Array): boolean {
  const bytes = strictBase64(signature);
  return (
    header.key === keyIdOf(publicKey) &&
    bytes !== null &&
    isSignedBy(publicKey, signedBytes(canonicalJson(header)), bytes)
  );
}

/** `number`: of the record concerned, null for the segment as a whole. */
export interface SegmentFault {
  readonly why:
    | "signature"
    | "not a record"
    | "wrong chain"
    | "wrong number"
    | "wrong previous hash"
    | "count"
    | "last hash"
    | "root";
  readonly number: number | null;
}

/** Checks records against a header one by one; keeps nothing of them. */
export class SegmentCheck {
  private readonly header: SegmentHeader;
  private readonly tree = new GrowingTree();
  private previous: string;

  constructor(header: SegmentHeader) {
    this.header = header;
    this.previous = header.prev;
  }

  /** The next record's exact bytes. */
  record(bytes: Buffer): SegmentFault | null {
    const { chain, first } = this.header;
    const number = first + this.tree.size;
    const link = linkOf(parsedRecord(bytes));
    this.tree.add(leafHash(bytes));
    const before = this.previous;
    this.previous = recordHash(bytes);
    if (link === null) return { why: "not a record", number };
    if (link.chain !== chain) return { why: "wrong chain", number };
    if (link.number !== number) return { why: "wrong number", number };
    return link.previous === before ? null : { why: "wrong previous hash", number };
  }

  /** After the last record. */
  end(): SegmentFault | null {
    const { count, lastHash, root } = this.header;
    if (this.tree.size !== count) return { why: "count", number: null };
    if (this.previous !== lastHash) return { why: "last hash", number: null };
    return this.tree.root().toString("hex") === root ? null : { why: "root", number: null };
  }
}

/** The first fault of a segment held in memory, or null. */
export function verifySegment(
  header: SegmentHeader,
  signature: string,
  records: readonly Buffer[],
  publicKey: Uint8Array,
): SegmentFault | null {
  if (!isHeaderSigned(header, signature, publicKey)) return { why: "signature", number: null };
  const check = new SegmentCheck(header);
  for (const record of records) {
    const fault = check.record(record);
    if (fault !== null) return fault;
  }
  return check.end();
}

/** The name of a segment's file, which also sorts as its records do. */
export function segmentFileName({ first, last }: { readonly first: number; readonly last: number }): string {
  return `${ordinal(first)}-${ordinal(last)}.segment`;
}

export function parseSegmentFileName(name: string): { readonly first: number; readonly last: number } | null {
  const match = /^(\d{20})-(\d{20})\.segment$/.exec(name);
  if (match === null) return null;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return Number.isSafeInteger(last) && first <= last ? { first, last } : null;
}

function ordinal(number: number): string {
  return String(number).padStart(20, "0");
}

/** A segment file's bytes: the signed header in one line, then each record in a line as a spool has it. */
export function segmentFile(headerText: string, signature: string, records: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(`{"header":${headerText},"signature":"${signature}"}\n`), ...records.map(lineOf)]);
}

export interface FirstLine {
  readonly header: SegmentHeader;
  readonly headerText: string;
  readonly signature: string;
}

/** A segment file's first line without its line break; null when it has not the form of one. */
export function parseFirstLine(line: string): FirstLine | null {
  if (line.length > HEADER_BYTES_MAX) return null;
  const value = parsedObject(line) as { readonly header?: unknown; readonly signature?: unknown } | null;
  if (value === null || !isHeader(value.header) || typeof value.signature !== "string") return null;
  const { header, signature } = value;
  if (canonicalJson({ header, signature }) !== line || strictBase64(signature) === null) return null;
  return { header, headerText: canonicalJson(header), signature };
}

/** The exact bytes of the segment's entry in the log, as `entryBytes` makes them. */
export function segmentEntryBytes({ headerText, signature }: Pick<FirstLine, "headerText" | "signature">): Buffer {
  return Buffer.from(`{"header":${headerText},"signature":"${signature}","type":"segment"}`);
}

export interface OpenedSegment extends FirstLine {
  readonly records: readonly Buffer[];
}

/** A whole segment file in memory, its lines' own hashes checked; null when torn or not a segment. Nothing is verified yet. */
export function openSegment(file: Buffer): OpenedSegment | null {
  if (file.at(-1) !== NEWLINE) return null;
  const lines = linesOf(file);
  const text = lines.length === 0 ? null : textOf(lines[0]!);
  const first = text === null ? null : parseFirstLine(text);
  const records = lines.slice(1).map(intactLine);
  if (first === null || records.includes(null)) return null;
  return { ...first, records: records.map((line) => line!.record) };
}

const NEWLINE = 0x0a;

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
