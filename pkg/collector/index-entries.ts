// What entries of the log do to the index.
import type { SQLInputValue } from "node:sqlite";
import { GENESIS } from "../audit/chain.ts";
import { keyIdOfEntry, type LogEntry } from "../ledger/entries.ts";
import type { SegmentHeader } from "../ledger/segment.ts";

/** Runs a statement on the tables. */
export type Run = (sql: string, ...values: SQLInputValue[]) => void;

interface EventParts {
  readonly type: string;
  readonly time: number;
  readonly chain?: string;
  readonly [member: string]: unknown;
}

const DELETE = "UPDATE segments SET deleted = 1, deleted_by = ? WHERE chain = ? AND first = ? AND deleted = 0";

/** What an entry of the log changes in the tables. */
export function applyEntry(run: Run, index: number, entry: LogEntry): void {
  switch (entry.type) {
    case "segment":
      return applySegment(run, index, entry.header);
    case "chain-key":
      return applyKey(run, index, entry);
    case "gap":
      event(run, index, { ...entry }, entry.from);
      return run("UPDATE chains SET gaps = gaps + 1 WHERE chain = ?", entry.chain);
    case "fork":
      event(run, index, { ...entry }, entry.number);
      return run("UPDATE chains SET forks = forks + 1 WHERE chain = ?", entry.chain);
    case "closed":
    case "unclosed":
      event(run, index, { ...entry }, entry.last);
      return run("UPDATE chains SET state = ?, silent = 0 WHERE chain = ?", entry.type, entry.chain);
    case "retention":
      for (const { chain, first } of entry.segments) run(DELETE, index, chain, first);
      return event(run, index, { type: entry.type, time: entry.time, count: entry.segments.length }, null);
    case "legal-hold":
      event(run, index, { ...entry }, null);
      if (entry.state === "lifted") return run("DELETE FROM holds WHERE name = ?", entry.name);
      return run(
        "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)",
        entry.name,
        JSON.stringify(entry.selection),
        entry.by,
        entry.time,
      );
    default:
      return entry satisfies never;
  }
}

function applySegment(run: Run, index: number, header: SegmentHeader): void {
  const { chain, cluster, namespace, environment, first, last, lastHash, root, from, to } = header;
  const place = [chain, cluster, namespace, environment];
  run(
    "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL)",
    // A clock that was set back between them makes the last the earlier one.
    ...[index, ...place, first, last, lastHash, root, Math.min(from, to), Math.max(from, to)],
  );
  run("UPDATE chains SET next = ?, last_hash = ?, state = 'open' WHERE chain = ?", last + 1, lastHash, chain);
}

function applyKey(run: Run, index: number, entry: LogEntry & { readonly type: "chain-key" }): void {
  const { chain, cluster, namespace, environment, workload, instance, identity, time } = entry;
  const { source = "", account = "", name = "", uid = "" } = identity;
  run(
    `INSERT INTO chains (chain, cluster, namespace, environment, workload, instance, source, account, sender, uid, last_hash, since)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (chain) DO UPDATE SET environment = excluded.environment, workload = excluded.workload,
       instance = excluded.instance, sender = excluded.sender, uid = excluded.uid, state = 'open'`,
    ...[chain, cluster, namespace, environment, workload, instance, source, account, name, uid, GENESIS, time],
  );
  run(
    "INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?, ?)",
    chain,
    keyIdOfEntry(entry),
    entry.publicKey,
    environment,
    index,
  );
}

function event(run: Run, index: number, entry: EventParts, number: number | null): void {
  const { type, time, chain = null, ...detail } = entry;
  run("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", index, type, chain, number, time, JSON.stringify(detail));
}
