// How long a text may be in its column, in characters; and cutting and padding to that without splitting a character.
import type { RowSink } from "./row-sink.ts";
import { OID } from "./type-oids.ts";

const SPACE = 0x20;
/** NAMEDATALEN - 1, in bytes. */
const NAME_BYTES_MAX = 63;
/** VARHDRSZ: the typmod of varchar(n) and bpchar(n) is n + 4. */
const TYPMOD_OFFSET = 4;

export interface TextLimit {
  /** Most characters; Infinity when unlimited. */
  readonly charactersMax: number;
  /** Most bytes (type name); Infinity when unlimited. */
  readonly bytesMax: number;
  /** Padded with blanks to its full length (bpchar). Without a typmod the length is that of the value itself. */
  readonly padded: boolean;
}

export function textLimit(oid: number, typmod: number): TextLimit {
  const declared = typmod > TYPMOD_OFFSET && (oid === OID.varchar || oid === OID.bpchar);
  return {
    charactersMax: declared ? typmod - TYPMOD_OFFSET : Infinity,
    bytesMax: oid === OID.name ? NAME_BYTES_MAX : Infinity,
    padded: oid === OID.bpchar,
  };
}

/** Characters of UTF-8 text. */
export function characterCount(source: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if ((source[i]! & 0xc0) !== 0x80) count++;
  return count;
}

/** Index after the first `count` characters, at most `end`. */
export function afterCharacters(source: Uint8Array, start: number, end: number, count: number): number {
  let left = count;
  for (let i = start; i < end; i++) {
    if ((source[i]! & 0xc0) === 0x80) continue;
    if (left === 0) return i;
    left--;
  }
  return end;
}

/** End of the value without the blanks that pad a bpchar. */
export function trimmedEnd(source: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && source[at - 1] === SPACE) at--;
  return at;
}

/** Brings what was appended since `from` (a sink position) within the limit. `valueCharacters`: length of the unmasked value. */
export function fitText(limit: TextLimit, sink: RowSink, from: number, valueCharacters: number): void {
  const max = limit.padded && limit.charactersMax === Infinity ? valueCharacters : limit.charactersMax;
  const count = sink.position - from;
  if (!limit.padded && count <= max && count <= limit.bytesMax) return;
  const start = sink.indexOf(from);
  const end = start + count;
  let cut = max === Infinity ? end : afterCharacters(sink.bytes, start, end, max);
  if (cut - start > limit.bytesMax) cut = characterStart(sink.bytes, start + limit.bytesMax);
  sink.rewind(from + cut - start);
  if (!limit.padded) return;
  const blanks = max - characterCount(sink.bytes, start, cut);
  if (blanks > 0) {
    const at = sink.reserve(blanks);
    sink.bytes.fill(SPACE, at, at + blanks);
  }
}

function characterStart(bytes: Uint8Array, at: number): number {
  let index = at;
  while ((bytes[index]! & 0xc0) === 0x80) index--;
  return index;
}
