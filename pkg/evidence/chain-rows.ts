// How complete the records of each chain are: what the verified log says of it, as rows. A chain is one sidecar's numbered records.
import type { ChainReport, LedgerReport } from "../ledger/ledger-report.ts";
import type { Row } from "./row.ts";
import { isInScope, type Scope } from "./scope.ts";

export const chainColumns = [
  ...["id", "cluster", "environment", "namespace", "first", "last", "records", "missing", "missingRuns", "unrecorded"],
  ...["forksRefused", "end", "firstTime", "lastTime", "isLate", "keys", "lastId"],
] as const;

/** What the records of a chain themselves tell. */
export interface ChainFacts {
  readonly firstTime: number;
  readonly lastTime: number;
  readonly lastId: string;
  /** Events that the sidecar could not record, as it said afterwards. */
  readonly unrecorded: number;
}

/** An open chain that says nothing for so long before the period's end may still hold records that were not shipped. */
const LATE_MS = 60_000;

export function chainRows(report: LedgerReport, facts: ReadonlyMap<string, ChainFacts>, scope: Scope): readonly Row[] {
  const chosen = report.chains.filter((chain) => isInScope(chain, scope));
  return chosen.map((chain) => chainRow(chain, facts.get(chain.chain) ?? null, scope));
}

function chainRow(chain: ChainReport, facts: ChainFacts | null, { toMs }: Scope): Row {
  const { cluster, environment, namespace, first, last, records, absent, forksRefused, end, keys } = chain;
  return {
    ...{ id: chain.chain, cluster, environment, namespace, first, last, records },
    missing: absent.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    missingRuns: absent.map(({ from, to }) => `${from}-${to}`),
    unrecorded: facts?.unrecorded ?? 0,
    forksRefused,
    end,
    firstTime: facts?.firstTime ?? null,
    lastTime: facts?.lastTime ?? null,
    isLate: end === "open" && (facts === null || facts.lastTime < toMs - LATE_MS),
    keys: keys.map(({ id }) => id),
    lastId: facts?.lastId ?? null,
  };
}
