// What `GET /v1/chains` tells of each chain.
import type { ChainRow } from "./index-rows.ts";
import type { LedgerIndex } from "./ledger-index.ts";
import { holdsPlace, type Scope } from "./scope.ts";

const EVENTS_MAX = 20;

export interface ChainsPage {
  readonly chains: readonly unknown[];
  /** For `?after=`; null on the last page. */
  readonly after: string | null;
}

/** Of the reader's places; a chain that began after his period is not told. */
export function chainsPage(index: LedgerIndex, after: string, most: number, scope: Scope): ChainsPage {
  const rows = index.chains(after, most);
  const visible = rows.filter(
    (row) => holdsPlace(scope, row) && row.since < (scope.beforeMs ?? Number.MAX_SAFE_INTEGER),
  );
  return {
    chains: visible.map((row) => chainState(index, row)),
    after: rows.length < most ? null : rows.at(-1)!.chain,
  };
}

function chainState(index: LedgerIndex, row: ChainRow) {
  const { chain, cluster, namespace, environment, workload, instance, next, gaps, forks } = row;
  const events = gaps + forks > 0 || row.state === "unclosed" ? index.eventsOf(chain, EVENTS_MAX) : [];
  return {
    chain,
    cluster,
    namespace,
    environment,
    workload,
    instance,
    sender: { source: row.source, name: row.sender, account: row.account },
    next,
    lastHash: row.last_hash,
    state: row.state === "open" && row.silent === 1 ? "silent" : row.state,
    since: row.since,
    heardMs: row.seen === 0 ? null : row.seen,
    heartbeat:
      row.told_last === null
        ? null
        : { last: row.told_last, lastHash: row.told_hash, spoolBytes: row.spool_bytes, oldestMs: row.oldest },
    /** Records that its sidecar has written and not yet sent. */
    behind: row.told_last === null ? null : Math.max(0, row.told_last - next + 1),
    gaps,
    forks,
    events: events.map(({ entry, type, time, detail }) => ({ entry, type, time, ...JSON.parse(detail) })),
  };
}
