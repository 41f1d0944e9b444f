// A pack as files by path, be it a folder, a .tar or a .zip.
import { closeSync, existsSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { type ReadAt, readFully, tarMembers } from "../ledger/tar.ts";
import { packNames } from "./pack-names.ts";

export type PackForm = "folder" | "tar" | "zip";

export interface PackPart {
  readonly path: string;
  readonly bytes: number;
  readonly read: ReadAt;
}

export interface OpenPack {
  readonly form: PackForm;
  /** In the order of their names. */
  readonly parts: ReadonlyMap<string, PackPart>;
  /** What the archive has that no pack has. */
  readonly faults: readonly string[];
  close(): void;
}

const FILES_MAX = 100_000;
/** A .zip is read into memory. */
export const ZIP_BYTES_MAX = 1024 * 1024 * 1024;

/** Null: it is no pack. @throws errors of the file system */
export function openPack(place: string): OpenPack | null {
  if (lstatSync(place).isDirectory()) return existsSync(join(place, packNames.manifest)) ? openFolder(place) : null;
  const fd = openSync(place, "r");
  const bytes = fstatSync(fd).size;
  const read: ReadAt = (into, position) => readSync(fd, into, 0, into.length, position);
  const opened = openFile(place, read, bytes);
  if (opened?.form === "tar") return { ...opened, close: () => closeSync(fd) };
  closeSync(fd);
  return opened;
}

function openFile(place: string, read: ReadAt, bytes: number): OpenPack | null {
  const begin = readFully(read, 0, 512);
  if (begin.toString("latin1", 0, 4) === "PK\u0003\u0004")
    return bytes > ZIP_BYTES_MAX ? null : openZip(readFileSync(place));
  if (begin.toString("latin1", 0, packNames.manifest.length + 1) !== `${packNames.manifest}\0`) return null;
  return openTar(read);
}

export function bufferPart(path: string, content: Uint8Array): PackPart {
  return {
    path,
    bytes: content.length,
    read: (into, at) => Buffer.from(content.buffer, content.byteOffset, content.length).copy(into, 0, at),
  };
}

export function contentOfPart({ bytes, read }: PackPart): Buffer {
  return readFully(read, 0, bytes);
}

function openFolder(folder: string): OpenPack {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const faults = found
    .filter((entry) => !entry.isFile() && !entry.isDirectory())
    .map(({ name }) => `${name}: it is no plain file`);
  const files = found.filter((entry) => entry.isFile()).slice(0, FILES_MAX);
  const reader = new OneFile();
  const parts = files.map((entry): PackPart => {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(join(folder, "x").length - 1).replaceAll("\\", "/");
    return { path, bytes: lstatSync(file).size, read: (into, position) => reader.read(file, into, position) };
  });
  return { form: "folder", parts: byPath(parts), faults, close: () => reader.close() };
}

/** A pack may have more files than a process may have open. */
class OneFile {
  private open: { readonly file: string; readonly fd: number } | null = null;

  read(file: string, into: Uint8Array, position: number): number {
    if (this.open?.file !== file) {
      this.close();
      this.open = { file, fd: openSync(file, "r") };
    }
    return readSync(this.open.fd, into, 0, into.length, position);
  }

  close(): void {
    if (this.open !== null) closeSync(this.open.fd);
    this.open = null;
  }
}

function openTar(read: ReadAt): OpenPack {
  const members = tarMembers(read);
  const parts: PackPart[] = [];
  const faults: string[] = [];
  let step = members.next();
  for (; !step.done; step = members.next()) {
    const { name, size, read: content } = step.value;
    if (parts.some(({ path }) => path === name)) faults.push(`${name}: it is there twice`);
    parts.push({ path: name, bytes: size, read: content });
    if (parts.length > FILES_MAX) break;
  }
  if (step.done && step.value !== null)
    faults.push(`byte ${step.value.offset}: the archive is not whole, or not one of ours`);
  return { form: "tar", parts: byPath(parts), faults, close: () => {} };
}

function openZip(file: Buffer): OpenPack | null {
  try {
    const faults: string[] = [];
    const seen = new Set<string>();
    let bytes = 0;
    const found = unzipSync(file, {
      filter({ name, originalSize, compression }) {
        if (seen.has(name)) faults.push(`${name}: it is there twice`);
        seen.add(name);
        bytes += originalSize;
        // What we write is stored; an archive that was packed anew may be compressed, within the same bounds.
        return (
          bytes <= ZIP_BYTES_MAX &&
          seen.size <= FILES_MAX &&
          !name.endsWith("/") &&
          (compression === 0 || compression === 8)
        );
      },
    });
    const parts = Object.entries(found).map(([path, content]) => bufferPart(path, content));
    return parts.some(({ path }) => path === packNames.manifest)
      ? { form: "zip", parts: byPath(parts), faults, close: () => {} }
      : null;
  } catch {
    return null;
  }
}

function byPath(parts: readonly PackPart[]): ReadonlyMap<string, PackPart> {
  const sorted = [...parts].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return new Map(sorted.map((part) => [part.path, part]));
}
