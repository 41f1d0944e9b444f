// The files of a pack beside those that its evidence gives: what differs, of which kind that is, and which rows.

import { membersOf } from "./evidence-records.ts";
import type { MadePack } from "./make-pack.ts";
import { contentOfPart, type OpenPack } from "./open-pack.ts";
import type { PackFile, PackManifest } from "./pack-manifest.ts";
import { packNames } from "./pack-names.ts";
import type { PackFindingKind } from "./pack-report.ts";
import { isSamePeriod, type Period } from "./period.ts";
import { sha256 } from "./sha256.ts";

export interface Compared {
  readonly pack: OpenPack;
  readonly manifest: PackManifest;
  readonly made: MadePack;
  readonly evidenceFile: PackFile;
  /** The one that is expected; null when nobody has said so. */
  readonly seed: string | null;
}

type Tell = (kind: PackFindingKind, file: string, detail: string) => void;

const kindsByFile: readonly (readonly [ending: string, kind: PackFindingKind])[] = [
  ["/population.csv", "population"],
  ["/sample.csv", "sample"],
  ["/exceptions.csv", "exceptions"],
  ["/report.json", "statement"],
  [packNames.completeness, "completeness"],
];

function kindOf(path: string): PackFindingKind {
  if (path.startsWith("proofs/")) return "proof";
  return kindsByFile.find(([ending]) => path.endsWith(ending))?.[1] ?? "document";
}

/** More than any file that is made here may have; the evidence is not read into memory. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;

export function compareFiles({ pack, manifest, made, evidenceFile, seed }: Compared, tell: Tell): void {
  if (seed !== null && manifest.parameters.sample.seed !== seed)
    tell("seed", packNames.manifest, `the samples were drawn with another seed than ${JSON.stringify(seed)}`);
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  for (const [path, bytes] of made.files) {
    const part = pack.parts.get(path);
    if (part === undefined) tell(path.startsWith("proofs/") ? "proof" : "stranger", path, "it is not there");
    else if (part.bytes > FILE_BYTES_MAX) tell(kindOf(path), path, "it is larger than what the records give");
    else compareFile({ path, found: contentOfPart(part), made: bytes }, { pack, made }, tell);
    listedFault(listed.get(path), { path, bytes: bytes.length, sha256: sha256(bytes) }, tell);
  }
  listedFault(listed.get(evidenceFile.path), evidenceFile, tell);
  for (const path of [...pack.parts.keys(), ...listed.keys()])
    if (!made.files.has(path) && !isOfEveryPack(path))
      tell("stranger", path, "no pack that was asked for like this has such a file");
  for (const report of made.content.reports) statedParameters(pack, report.criterion.id, manifest, report.seed, tell);
}

function isOfEveryPack(path: string): boolean {
  const { manifest, manifestNote, evidence } = packNames;
  return [manifest, manifestNote, evidence].some((name) => name === path) || packNames.isSignOff(path);
}

function listedFault(listed: PackFile | undefined, { path, bytes, sha256: digest }: PackFile, tell: Tell): void {
  if (listed?.sha256 !== digest || listed.bytes !== bytes)
    tell("manifest", packNames.manifest, `what it says of ${path} is not what the records give`);
}

type Sides = Pick<Compared, "pack" | "made">;

interface ComparedFile {
  readonly path: string;
  readonly found: Buffer;
  readonly made: Buffer;
}

function compareFile({ path, found, made: expected }: ComparedFile, { pack, made }: Sides, tell: Tell): void {
  if (found.equals(expected)) return;
  const kind = kindOf(path);
  if (!path.endsWith(".csv")) return tell(kind, path, "it is not what the records give");
  const { extra, lacking } = rowsApart(found, expected);
  const rows = `${lacking} rows that the records give are not in it, ${extra} rows are in it that they do not give`;
  tell(kind, path, extra + lacking === 0 ? "the same rows in another order or form" : rows);
  if (kind === "sample" && isPopulationTrue(path, pack, made) && isDrawnOtherwise(path, found, made))
    tell("seed", path, "none of its ranks comes from the seed that the manifest names");
}

function linesOf(bytes: Buffer): readonly string[] {
  return bytes.toString().split("\r\n");
}

function rowsApart(found: Buffer, expected: Buffer): { readonly extra: number; readonly lacking: number } {
  const counts = new Map<string, number>();
  for (const line of linesOf(expected)) counts.set(line, (counts.get(line) ?? 0) + 1);
  let extra = 0;
  for (const line of linesOf(found)) {
    const left = counts.get(line) ?? 0;
    if (left === 0) extra++;
    else counts.set(line, left - 1);
  }
  return { extra, lacking: [...counts.values()].reduce((sum, count) => sum + count, 0) };
}

/** Ranks come from the population, too: where that differs, theirs say nothing of the seed. */
function isPopulationTrue(sample: string, pack: OpenPack, made: MadePack): boolean {
  const path = sample.replace(/sample\.csv$/, "population.csv");
  const part = pack.parts.get(path);
  return part !== undefined && made.files.get(path)?.equals(contentOfPart(part)) === true;
}

/** A sample with other rows has some ranks in common with the right one; one of another seed has none. */
function isDrawnOtherwise(path: string, found: Buffer, made: MadePack): boolean {
  const report = made.content.reports.find(({ criterion }) => path.startsWith(`${criterion.id}/`));
  const ranks = linesOf(found)
    .slice(1)
    .filter((line) => line !== "")
    .map((line) => line.slice(0, 64));
  const right = new Set(report?.sample.map(({ rank }) => rank) ?? []);
  return ranks.length > 0 && right.size > 0 && !ranks.some((rank) => right.has(rank));
}

/** A criterion's own report names period and seed: when the manifest was changed alone, that is told for what it is. */
function statedParameters(pack: OpenPack, criterion: string, manifest: PackManifest, seed: string, tell: Tell): void {
  const path = `${criterion}/report.json`;
  const part = pack.parts.get(path);
  if (part === undefined) return;
  const stated = parsed(contentOfPart(part));
  const period = membersOf(stated.period) as unknown as Period;
  if (!isSamePeriod(period, manifest.parameters.period))
    tell("period", path, `it speaks of ${period.from} to ${period.to}, the manifest of another period`);
  const said = membersOf(stated.sample).seed;
  if (said !== seed) tell("seed", path, "it names another seed than the manifest");
}

function parsed(bytes: Buffer) {
  try {
    return membersOf(JSON.parse(bytes.toString()));
  } catch {
    return {};
  }
}
