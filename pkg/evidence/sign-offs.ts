// All sign-offs of a pack, each checked, and which lines of the review they leave open. The last one on a line counts.
import { contentOfPart, type OpenPack } from "./open-pack.ts";
import { packNames } from "./pack-names.ts";
import type { PackFindingKind, PackReport } from "./pack-report.ts";
import type { Row } from "./row.ts";
import { sha256 } from "./sha256.ts";
import { parseSignOff, SIGN_OFF_BYTES_MAX, signOffFault } from "./sign-off.ts";

export function checkSignOffs(
  pack: OpenPack,
  manifest: Buffer,
  review: readonly Row[],
  keys: readonly string[] | null,
  tell: (kind: PackFindingKind, file: string, detail: string) => void,
): Pick<PackReport, "signOffs" | "reviewed"> {
  const reviewed = new Map(review.map((row) => [String(row.id), row]));
  const decided = new Set<string>();
  const signOffs: PackReport["signOffs"][number][] = [];
  const digest = sha256(manifest);
  let before: Buffer | null = null;
  for (const [at, path] of signOffPaths(pack).entries()) {
    const part = pack.parts.get(path)!;
    const bytes = part.bytes > SIGN_OFF_BYTES_MAX ? null : contentOfPart(part);
    const file = bytes === null ? null : parseSignOff(bytes);
    const expected = { number: at + 1, pack: digest, before, keys, reviewed };
    const misplaced = path === packNames.signOff(at + 1) ? null : "one before it is not there";
    const fault = misplaced ?? (file === null ? "it has not the form of a sign-off" : signOffFault(file, expected));
    before = bytes;
    if (fault !== null || file === null) {
      tell("sign-off", path, fault ?? "");
      continue;
    }
    const { reviewer, decision, rows, time } = file.signOff;
    for (const id of rows) decided.add(id);
    signOffs.push({ reviewer, decision, rows: rows.length, time, keyGiven: keys !== null });
  }
  return { signOffs, reviewed: { lines: review.length, undecided: review.length - decided.size } };
}

export function signOffPaths(pack: OpenPack): readonly string[] {
  return [...pack.parts.keys()].filter(packNames.isSignOff);
}
