// The lines of a pack's access review, and which of them nobody has decided on, as its files say: for packs that were verified.
import { contentOfPart, type OpenPack } from "./open-pack.ts";
import { readCsv } from "./read-csv.ts";
import type { Row } from "./row.ts";
import { parseSignOff } from "./sign-off.ts";
import { signOffPaths } from "./sign-offs.ts";

const REVIEW = "CC6.3/population.csv";

export interface Review {
  readonly lines: ReadonlyMap<string, Row>;
  /** Identifiers. */
  readonly open: readonly string[];
}

/** Empty when the pack has none. @throws EvidencePackError */
export function reviewOf(pack: OpenPack): Review {
  const part = pack.parts.get(REVIEW);
  const rows = part === undefined ? [] : readCsv(contentOfPart(part).toString(), REVIEW);
  const decided = new Set(
    signOffPaths(pack).flatMap((path) => parseSignOff(contentOfPart(pack.parts.get(path)!))?.signOff.rows ?? []),
  );
  return {
    lines: new Map(rows.map((row) => [row.id ?? "", row])),
    open: rows.map(({ id }) => id ?? "").filter((id) => !decided.has(id)),
  };
}
