// Hashes of records that are held, read from their segments; for the rare case that a sidecar sends records again in other pieces.
import { recordHash } from "../audit/chain.ts";
import type { HeldHash } from "./chain-planner.ts";
import type { SegmentRow } from "./index-rows.ts";
import type { Ledger } from "./ledger.ts";

/** Keeps the last segment that it read. */
export function heldHashes({ index, store }: Ledger): HeldHash {
  let row: SegmentRow | undefined;
  let hashes: readonly string[] | null = null;
  return async (chain, number) => {
    if (row === undefined || row.chain !== chain || number < row.first || number > row.last) {
      row = index.segmentsOver(chain, number, number)[0];
      const opened = row === undefined || row.deleted !== 0 ? null : await store.read(row);
      hashes = opened?.records.map(recordHash) ?? null;
    }
    if (row === undefined) return undefined;
    return hashes?.[number - row.first] ?? null;
  };
}
