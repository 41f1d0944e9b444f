// A tar archive (POSIX ustar, pax for long names) that depends on its entries alone: sorted, owned by 0:0, of one time.
import { openAsBlob } from "node:fs";

export type Entry = { readonly path: string; readonly mode: number } & (
  | { readonly kind: "folder" }
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  | { readonly kind: "copy"; readonly from: string; readonly size: number }
  | { readonly kind: "link"; readonly to: string }
);

const block = 512;
const types = { folder: "5", file: "0", copy: "0", link: "2" } as const;

/** Chunks of the archive, in order; files are read as they come. */
export async function* tar(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  for (const entry of [...entries].sort((left, right) => (left.path < right.path ? -1 : 1))) {
    const name = entry.kind === "folder" ? `${entry.path}/` : entry.path;
    const size = entry.kind === "file" ? entry.bytes.length : entry.kind === "copy" ? entry.size : 0;
    if (Buffer.byteLength(name) > 100) yield* longName(name);
    yield header(name, entry.mode, size, types[entry.kind], entry.kind === "link" ? entry.to : "");
    if (entry.kind === "file") yield entry.bytes;
    if (entry.kind === "copy") yield* content(entry.from, entry.size);
    yield padding(size);
  }
  yield new Uint8Array(2 * block);
}

async function* content(path: string, size: number): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of (await openAsBlob(path)).stream()) {
    read += chunk.length;
    yield chunk;
  }
  if (read !== size) throw new Error(`${path}: changed while it was read; run it again`);
}

/** A pax header of the one record `path`; its length counts itself. */
function* longName(name: string): Generator<Uint8Array> {
  const rest = ` path=${name}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (Buffer.byteLength(`${length}${rest}`) !== length) length++;
  const record = Buffer.from(`${length}${rest}`);
  yield header("pax", 0o644, record.length, "x", "");
  yield record;
  yield padding(record.length);
}

function padding(size: number): Uint8Array {
  return new Uint8Array((block - (size % block)) % block);
}

function header(name: string, mode: number, size: number, type: string, link: string): Uint8Array {
  if (Buffer.byteLength(link) > 100) throw new Error(`${name}: its link target is longer than 100 bytes`);
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, width: number) =>
    bytes.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
  Buffer.from(name).copy(bytes, 0, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  bytes.write("        ", 148, "latin1");
  bytes.write(type, 156, "latin1");
  bytes.write(link, 157, "utf8");
  bytes.write("ustar\x0000", 257, "latin1");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}
