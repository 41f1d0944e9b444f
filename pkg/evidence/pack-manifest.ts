// `manifest.json`: what was asked for, from which log, and each file's hash. Whoever made the pack may sign it; what it claims is checked
// against the records in any case.
import { canonicalJson } from "../audit/canonical-json.ts";
import { checkNote, type NoteSigner, type NoteVerifier, parseNote, parseVkey, signNote } from "../ledger/note.ts";
import { isHashText } from "../ledger/segment.ts";
import { canonicalObject, isText, isWhole } from "../ledger/shapes.ts";
import { listOf, membersOf } from "./evidence-records.ts";
import type { PackContent } from "./pack-content.ts";
import { type PackParameters, parseParameters } from "./pack-parameters.ts";
import { sha256 } from "./sha256.ts";

export const PACK_FORMAT = "weir.dev/evidence-pack/v1";
export const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;

export interface PackFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface PackManifest {
  readonly format: typeof PACK_FORMAT;
  readonly generator: { readonly name: "weir"; readonly version: string };
  readonly parameters: PackParameters;
  readonly log: Readonly<Record<string, unknown>>;
  /** The evidence is one of them. */
  readonly files: readonly PackFile[];
}

export function packManifest({ content, files }: Listed, evidence: PackFile): Buffer {
  const { manifest } = content.opening;
  const { origin, size, root, key } = manifest.log;
  const value = {
    format: PACK_FORMAT,
    generator: { name: "weir", version: content.generatorVersion },
    parameters: content.parameters,
    log: { origin, size, root, key, witnesses: content.evidence.log?.witnesses ?? [], evidenceMadeAt: manifest.madeAt },
    files: [evidence, ...[...files].map(([path, bytes]) => ({ path, bytes: bytes.length, sha256: sha256(bytes) }))],
  };
  return Buffer.from(`${canonicalJson(value)}\n`);
}

interface Listed {
  readonly content: PackContent;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Null for anything that is not a whole one in its one spelling. */
export function parsePackManifest(bytes: Buffer): PackManifest | null {
  const value = bytes.at(-1) === 0x0a ? canonicalObject(bytes.subarray(0, -1)) : null;
  const generator = membersOf(value?.generator);
  if (value?.format !== PACK_FORMAT || parseParameters(value.parameters) === null) return null;
  if (generator.name !== "weir" || !isText(generator.version) || !Array.isArray(value.files)) return null;
  const isFile = (file: unknown) => {
    const { path, bytes: size, sha256: digest } = membersOf(file);
    return isText(path) && isWhole(size) && isHashText(digest);
  };
  return listOf(value.files).every(isFile) ? (value as unknown as PackManifest) : null;
}

/** What a signer of the manifest signs. */
function noteText(name: string, manifest: Buffer): string {
  return `${PACK_FORMAT}\n${name}\n${Buffer.from(sha256(manifest), "hex").toString("base64")}\n`;
}

export function signManifest(manifest: Buffer, signer: NoteSigner): Buffer {
  return Buffer.from(`${signNote(noteText(signer.name, manifest), [signer], 0)}${signer.vkey}\n`);
}

export type ManifestSignature =
  | { readonly ok: true; readonly signer: NoteVerifier }
  | { readonly ok: false; readonly why: string };

/** The signer's key stands in the last line; whether it is one to be trusted, somebody else must know. */
export function checkManifestNote(manifest: Buffer, source: Buffer): ManifestSignature {
  try {
    const text = source.toString();
    const last = text.lastIndexOf("\n", text.length - 2) + 1;
    const signer = parseVkey(text.slice(last).trim());
    const note = parseNote(text.slice(0, last));
    if (`${text.slice(0, last)}${signer.vkey}\n` !== text) return { ok: false, why: "its last line is not a key" };
    if (note.text !== noteText(signer.name, manifest)) return { ok: false, why: "it was signed for another manifest" };
    if (note.signatures.length !== 1 || !checkNote(note, signer).signed)
      return { ok: false, why: `it is not signed by ${signer.name}` };
    return { ok: true, signer };
  } catch {
    return { ok: false, why: "it is not a signed note with its key" };
  }
}
