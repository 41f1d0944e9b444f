// Writes a pack as a folder, a .tar or a .zip; there only when it is whole, the same parts as the same bytes.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { tarEnd, tarHeader } from "../ledger/tar.ts";
import { EvidencePackError } from "./evidence-pack-error.ts";
import { contentOfPart, type PackForm, type PackPart, ZIP_BYTES_MAX } from "./open-pack.ts";
import { packNames } from "./pack-names.ts";

const CHUNK = 1024 * 1024;
const BLOCK = 512;

export function formOf(place: string): PackForm {
  return place.endsWith(".zip") ? "zip" : place.endsWith(".tar") ? "tar" : "folder";
}

/** What is there already as a file is replaced; a folder must not be there, or be empty. @throws EvidencePackError, errors of the file system */
export function writePack(place: string, parts: readonly PackPart[]): void {
  const part = `${place}.part`;
  rmSync(part, { recursive: true, force: true });
  try {
    switch (formOf(place)) {
      case "folder":
        writeFolder(place, part, parts);
        break;
      case "tar":
        writeTar(part, parts);
        break;
      case "zip":
        writeFileSync(part, zipOf(parts), { mode: 0o600 });
        break;
    }
    renameSync(part, place);
  } catch (cause) {
    rmSync(part, { recursive: true, force: true });
    throw cause;
  }
}

function writeFolder(place: string, part: string, parts: readonly PackPart[]): void {
  if (existsSync(place) && readdirSync(place).length > 0)
    throw new EvidencePackError("input", `${place}: it is not empty; name a folder that is not there yet`);
  if (existsSync(place)) rmSync(place, { recursive: true });
  mkdirSync(part, { mode: 0o700 });
  for (const each of parts) {
    const file = join(part, each.path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    withFile(file, (fd) => copy(each, fd));
  }
}

/** The manifest first, which is how a pack is known. */
function inOrder(parts: readonly PackPart[]): readonly PackPart[] {
  const rank = ({ path }: PackPart) => (path === packNames.manifest ? 0 : 1);
  return [...parts].sort((a, b) => rank(a) - rank(b) || Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

function writeTar(file: string, parts: readonly PackPart[]): void {
  withFile(file, (fd) => {
    for (const part of inOrder(parts)) {
      writeSync(fd, tarHeader(part.path, part.bytes));
      copy(part, fd);
      writeSync(fd, Buffer.alloc((BLOCK - (part.bytes % BLOCK)) % BLOCK));
    }
    writeSync(fd, tarEnd());
  });
}

/** Stored, not compressed: what a compressor makes differs from one machine to the next. */
function zipOf(parts: readonly PackPart[]): Uint8Array {
  if (parts.reduce((sum, { bytes }) => sum + bytes, 0) > ZIP_BYTES_MAX)
    throw new EvidencePackError("limit", "the pack is too large for a .zip; name a .tar or a folder");
  const files: Zippable = {};
  // fflate writes the local fields of the date, so this one is the same everywhere.
  const options = { level: 0, mtime: new Date(1980, 0, 1) } as const;
  for (const part of inOrder(parts)) files[part.path] = [contentOfPart(part), options];
  return zipSync(files);
}

function withFile(file: string, work: (fd: number) => void): void {
  const fd = openSync(file, "w", 0o600);
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}

function copy({ path, bytes, read }: PackPart, fd: number): void {
  const chunk = Buffer.alloc(Math.min(CHUNK, Math.max(bytes, 1)));
  for (let at = 0; at < bytes; ) {
    const count = read(chunk.subarray(0, Math.min(chunk.length, bytes - at)), at);
    if (count === 0) throw new EvidencePackError("evidence", `${path}: it ended early while it was read`);
    for (let done = 0; done < count; ) done += writeSync(fd, chunk, done, count - done);
    at += count;
  }
}
