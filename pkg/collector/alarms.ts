// What `GET /v1/alarms` tells: gaps, forks, ends and deletions, of the chains that the reader may see.
import type { LedgerIndex } from "./ledger-index.ts";
import { holdsPlace, holdsTime, isWhole, type Scope } from "./scope.ts";

/** Newest first, entries before `before`. What names no chain is for who may see everything. */
export function alarmsOf(index: LedgerIndex, before: number, most: number, scope: Scope): readonly unknown[] {
  const found: unknown[] = [];
  for (let next = before; found.length < most; ) {
    const rows = index.events(next, most);
    for (const { detail, ...row } of rows)
      if (found.length < most && isVisible(index, row, scope)) found.push({ ...row, ...JSON.parse(detail) });
    if (rows.length < most) break;
    next = rows.at(-1)!.entry;
  }
  return found;
}

function isVisible(
  index: LedgerIndex,
  row: { readonly chain?: unknown; readonly time?: unknown },
  scope: Scope,
): boolean {
  if (isWhole(scope)) return true;
  const chain = typeof row.chain === "string" ? index.chain(row.chain) : undefined;
  return chain !== undefined && holdsPlace(scope, chain) && typeof row.time === "number" && holdsTime(scope, row.time);
}
