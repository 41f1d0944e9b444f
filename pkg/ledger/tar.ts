// Plain tar (POSIX ustar), as little of it as evidence needs: regular files with short names, and nothing of the machine or the hour that made
// it. A header has exactly one spelling, so that a changed bit of it, or of the padding, is seen.
import { Buffer } from "node:buffer";

const BLOCK = 512;
export const NAME_BYTES_MAX = 100;
/** Eleven octal digits. */
export const MEMBER_BYTES_MAX = 8 ** 11 - 1;
const END = Buffer.alloc(2 * BLOCK);

export function tarHeader(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX || size > MEMBER_BYTES_MAX)
    throw new RangeError(`tar: ${name}: too long`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write("0000644\u00000000000\u00000000000\u0000", 100);
  header.write(`${octal(size, 11)}\u0000${octal(0, 11)}\u0000        0`, 124);
  header.write("ustar\u000000", 257);
  header.write(`${octal(0, 7)}\u0000${octal(0, 7)}\u0000`, 329);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\u0000 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** A member as it lies in the archive. */
export function tarMember(name: string, content: Uint8Array): Buffer {
  return Buffer.concat([tarHeader(name, content.length), content, Buffer.alloc(paddingOf(content.length))]);
}

/** What follows the last member. */
export function tarEnd(): Buffer {
  return END;
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Bytes read into the buffer, 0 at the end; possibly fewer than it holds. */
export type ReadAt = (into: Uint8Array, position: number) => number;

export interface TarMember {
  readonly name: string;
  readonly size: number;
  /** Its content only, positions from 0. */
  readonly read: ReadAt;
}

/**
 * `cut`: the archive ends within a member or without its end mark. `header`: a block that is no header of ours. `padding`: bytes that must be
 * zero are not, or something follows the end mark.
 */
export type TarFault = { readonly why: "cut" | "header" | "padding"; readonly offset: number };

/** The members in order, then what is wrong with the archive, if anything. Each is to be read before the next is asked for or not at all. */
export function* tarMembers(read: ReadAt): Generator<TarMember, TarFault | null> {
  for (let offset = 0; ; ) {
    const header = readFully(read, offset, BLOCK);
    if (header.length < BLOCK) return { why: "cut", offset: offset + header.length };
    if (header[0] === 0) return endFault(read, offset);
    const member = memberOf(header, offset, read);
    if (member === null) return { why: "header", offset };
    const end = offset + BLOCK + member.size;
    const padding = readFully(read, end, paddingOf(member.size));
    // Whether the content is there is asked of its last byte, before anyone relies on it.
    if (member.size > 0 && readFully(read, end - 1, 1).length === 0) return { why: "cut", offset };
    yield member;
    if (padding.length < paddingOf(member.size)) return { why: "cut", offset: end + padding.length };
    if (padding.some((byte) => byte !== 0)) return { why: "padding", offset: end };
    offset = end + padding.length;
  }
}

function memberOf(header: Buffer, offset: number, read: ReadAt): TarMember | null {
  const name = header.toString("utf8", 0, header.indexOf(0));
  const digits = header.toString("latin1", 124, 135);
  if (!/^[0-7]{11}$/.test(digits) || Buffer.byteLength(name) > NAME_BYTES_MAX) return null;
  const size = Number.parseInt(digits, 8);
  if (!tarHeader(name, size).equals(header)) return null;
  const start = offset + BLOCK;
  return {
    name,
    size,
    read: (into, position) =>
      position >= size ? 0 : read(into.subarray(0, Math.min(into.length, size - position)), start + position),
  };
}

function endFault(read: ReadAt, offset: number): TarFault | null {
  const end = readFully(read, offset, END.length + 1);
  if (!end.subarray(0, END.length).equals(END.subarray(0, end.length))) return { why: "header", offset };
  if (end.length < END.length) return { why: "cut", offset: offset + end.length };
  return end.length > END.length ? { why: "padding", offset: offset + END.length } : null;
}

/** As many of `length` bytes as there are. */
export function readFully(read: ReadAt, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = read(bytes.subarray(done), position + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/** A member's content in memory; null when it is longer than `bytesMax`. */
export function contentOf(member: TarMember, bytesMax: number): Buffer | null {
  return member.size > bytesMax ? null : readFully(member.read, 0, member.size);
}
