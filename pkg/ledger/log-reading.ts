// A log's entries as they lie in a folder, for a verification: whatever is absent or damaged is told and passed over.
import type { Findings } from "../audit/findings.ts";
import { LedgerError } from "./ledger-error.ts";
import type { TileStore } from "./tile-store.ts";
import { TILE_WIDTH, tilePath, widthIn } from "./tiles.ts";

export interface ReadEntry {
  readonly index: number;
  readonly bytes: Buffer;
}

/** Bundle by bundle. `findings`: where to tell what is wrong; null to pass it over, when it was told before. Returns whether all was there. */
export async function* readEntries(
  store: TileStore,
  size: number,
  findings: Findings | null,
): AsyncGenerator<ReadEntry, boolean> {
  const bundles = Math.ceil(size / TILE_WIDTH);
  const lost: number[] = [];
  let whole = true;
  for (let index = 0; index < bundles; index++) {
    const bundle = await readBundle(store, index, size, findings);
    if (bundle === "lost") lost.push(index);
    if (typeof bundle === "string") whole = false;
    else for (const [at, bytes] of bundle.entries()) yield { index: index * TILE_WIDTH + at, bytes };
  }
  tellLost(lost, bundles, size, findings);
  return whole;
}

async function readBundle(
  store: TileStore,
  index: number,
  size: number,
  findings: Findings | null,
): Promise<Buffer[] | "lost" | "damaged"> {
  try {
    return await store.bundle(index, size);
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    if (cause.code === "lost") return "lost";
    findings?.add(
      "altered",
      { file: tileName(index, size), line: null },
      cause.message,
      widthIn("entries", index, size),
    );
    return "damaged";
  }
}

/** Bundles that are gone at the end were cut off, others are missing. */
function tellLost(lost: readonly number[], bundles: number, size: number, findings: Findings | null): void {
  for (const [at, index] of lost.entries()) {
    const atEnd = index === bundles - (lost.length - at);
    const text = `${widthIn("entries", index, size)} entries of the log are gone; its checkpoint has ${size}`;
    findings?.add(
      atEnd ? "truncated" : "missing",
      { file: tileName(index, size), line: null },
      text,
      widthIn("entries", index, size),
    );
  }
}

function tileName(index: number, size: number): string {
  return tilePath({ level: "entries", index, width: widthIn("entries", index, size) });
}
