// The rows of one period out of the records of an evidence file, which is read twice: what ended a statement and what class a column has
// may stand behind it.
import type { LedgerReport } from "../ledger/ledger-report.ts";
import type { ReadAt } from "../ledger/tar.ts";
import { AccessReview, type Grant } from "./access-review.ts";
import { type ChainFacts, chainRows } from "./chain-rows.ts";
import { ColumnClasses, columnRows } from "./column-rows.ts";
import { EvidencePackError } from "./evidence-pack-error.ts";
import { evidenceParts, membersOf, numberOr, type ReadRecord, recordsOf } from "./evidence-records.ts";
import type { Row, Tables } from "./row.ts";
import { isInScope, type Scope } from "./scope.ts";
import { policyRow, sessionRow } from "./session-row.ts";
import { type Outcome, statementRow } from "./statement-row.ts";

/** More than that is for a shorter period, or fewer places. */
const ROWS_MAX = 1_000_000;

/** @throws EvidencePackError */
export function deriveTables(
  read: ReadAt,
  report: LedgerReport,
  scope: Scope,
  grants: readonly Grant[] | null,
): Tables {
  const { outcomes, classes, chains } = firstLook(read, scope);
  const statements: Row[] = [];
  const columns: Row[] = [];
  const sessions: Row[] = [];
  const policies: Row[] = [];
  const review = new AccessReview(grants);
  for (const record of recordsIn(read, scope)) {
    if (record.timeMs < scope.fromMs || record.timeMs >= scope.toMs) continue;
    if (record.weir.kind === "decision") {
      const row = statementRow(record, outcomes.get(statementKey(record)) ?? null);
      const touched = columnRows(record, row, classes);
      statements.push(row);
      columns.push(...touched);
      review.add(record, row, touched);
    } else if (record.weir.kind === "session" && record.weir.phase !== "close") sessions.push(sessionRow(record));
    else if (record.weir.kind === "policy") policies.push(policyRow(record));
    if (columns.length + statements.length > ROWS_MAX)
      throw new EvidencePackError(
        "limit",
        `the period holds more than ${ROWS_MAX} rows; make packs of shorter periods`,
      );
  }
  const inOrder = (rows: Row[]) => rows.sort(byTime);
  return {
    statements: inOrder(statements),
    columns: inOrder(columns),
    sessions: inOrder(sessions),
    policies: inOrder(policies),
    chains: chainRows(report, chains, scope),
    access: review.rows(),
  };
}

interface FirstLook {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly classes: ColumnClasses;
  readonly chains: ReadonlyMap<string, ChainFacts>;
}

function firstLook(read: ReadAt, scope: Scope): FirstLook {
  const outcomes = new Map<string, Outcome>();
  const classes = new ColumnClasses();
  const chains = new Map<string, ChainFacts>();
  for (const record of recordsIn(read, scope)) {
    const { chain, timeMs, weir } = record;
    const known = chains.get(chain) ?? { firstTime: timeMs, lastTime: timeMs, lastId: record.id, unrecorded: 0 };
    const unrecorded = weir.phase === "gap" ? (numberOr(membersOf(weir.details).unrecorded) ?? 0) : 0;
    chains.set(chain, { ...known, lastTime: timeMs, lastId: record.id, unrecorded: known.unrecorded + unrecorded });
    if (weir.kind === "decision") classes.learn(record);
    if (weir.kind !== "outcome" || timeMs < scope.fromMs) continue;
    const { id, json } = record;
    outcomes.set(statementKey(record), { id, json: { status: json.status, status_code: json.status_code }, weir });
    if (outcomes.size > ROWS_MAX)
      throw new EvidencePackError(
        "limit",
        `the period holds more than ${ROWS_MAX} statements; make packs of shorter periods`,
      );
  }
  return { outcomes, classes, chains };
}

function* recordsIn(read: ReadAt, scope: Scope): Generator<ReadRecord> {
  for (const part of evidenceParts(read))
    if (part.part === "segment" && isInScope(part.segment.header, scope)) yield* recordsOf(part.segment);
}

function statementKey({ chain, weir }: ReadRecord): string {
  return `${chain}/${String(weir.session)}/${String(weir.statement)}`;
}

function byTime(a: Row, b: Row): number {
  const difference = (a.time as number) - (b.time as number);
  return difference !== 0 ? difference : compareIds(String(a.id), String(b.id));
}

/** By chain, then number: ids are `<chain>/<number>`. */
function compareIds(a: string, b: string): number {
  const [chainA = "", numberA] = a.split("/");
  const [chainB = "", numberB] = b.split("/");
  return chainA === chainB ? Number(numberA) - Number(numberB) : chainA < chainB ? -1 : 1;
}
