// The index over the log: what each chain has, its keys, where segments lie, what is held. Entries go in by their order and only once;
// asked in the same process, between two turns of the event loop. It can always be made again from the log.
import { rmSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { recordHash } from "../audit/chain.ts";
import { parseEntry } from "../ledger/entries.ts";
import { applyEntry, type Run } from "./index-entries.ts";
import type { ChainRow, EventRow, Heartbeat, HoldRow, SegmentRow } from "./index-rows.ts";
import { INDEX_VERSION, TABLES } from "./index-tables.ts";
import type { Selection } from "./selection.ts";

export class LedgerIndex {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.database = database;
  }

  /** What cannot be read, or is of another version or log, is made anew: then `size` is 0. */
  static open(file: string, origin: string): LedgerIndex {
    try {
      const index = new LedgerIndex(connect(file));
      if (index.meta("version") === String(INDEX_VERSION) && index.meta("origin") === origin) return index;
      index.close();
    } catch {
      // Not a database, or one cut short: the log has everything that it had.
    }
    return LedgerIndex.remake(file, origin);
  }

  /** An empty one in place of what was there. */
  static remake(file: string, origin: string): LedgerIndex {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
    const index = new LedgerIndex(connect(file));
    index.database.exec(TABLES);
    index.setMeta("version", String(INDEX_VERSION));
    index.setMeta("origin", origin);
    return index;
  }

  /** How many entries of the log it knows. */
  get size(): number {
    return Number(this.meta("size") ?? 0);
  }

  /** SHA-256 of the last entry that it knows: an index of another log that is as long has another. */
  get lastEntryHash(): string {
    return this.meta("last_entry") ?? "";
  }

  /** All of them or none. @throws when `first` is not the next one. */
  apply(first: number, entries: readonly Uint8Array[]): void {
    if (first !== this.size) throw new Error(`index: entry ${first} comes, ${this.size} is next`);
    if (entries.length === 0) return;
    const run: Run = (sql, ...values) => this.run(sql, ...values);
    this.database.exec("BEGIN IMMEDIATE");
    try {
      entries.forEach((bytes, at) => {
        const entry = parseEntry(bytes);
        if (entry !== null && entry.type !== "unknown") applyEntry(run, first + at, entry);
      });
      this.setMeta("size", String(first + entries.length));
      this.setMeta("last_entry", recordHash(entries.at(-1)!));
      this.database.exec("COMMIT");
    } catch (cause) {
      this.database.exec("ROLLBACK");
      throw cause;
    }
  }

  chain(chain: string): ChainRow | undefined {
    return this.get("SELECT * FROM chains WHERE chain = ?", chain) as ChainRow | undefined;
  }

  /** By their names, after `after`. */
  chains(after: string, most: number): readonly ChainRow[] {
    return this.all(
      "SELECT * FROM chains WHERE chain > ? ORDER BY chain LIMIT ?",
      after,
      most,
    ) as unknown as ChainRow[];
  }

  /** Raw, in base64; of a key that was registered for this environment. */
  publicKey(chain: string, key: string, environment: string): string | undefined {
    const sql = "SELECT public_key FROM keys WHERE chain = ? AND key = ? AND environment = ?";
    return this.get(sql, chain, key, environment)?.public_key as string | undefined;
  }

  /** The entry that registers this key. */
  keyEntry(chain: string, key: string, environment: string): number | undefined {
    const sql = "SELECT entry FROM keys WHERE chain = ? AND key = ? AND environment = ?";
    return this.get(sql, chain, key, environment)?.entry as number | undefined;
  }

  keysOf(chain: string): readonly { readonly key: string; readonly entry: number }[] {
    return this.all("SELECT key, entry FROM keys WHERE chain = ? ORDER BY entry", chain) as never;
  }

  segmentAt(entry: number): SegmentRow | undefined {
    return this.get("SELECT * FROM segments WHERE entry = ?", entry) as SegmentRow | undefined;
  }

  /** The segment that begins with this number. */
  segmentFrom(chain: string, first: number): SegmentRow | undefined {
    return this.get("SELECT * FROM segments WHERE chain = ? AND first = ?", chain, first) as SegmentRow | undefined;
  }

  /** Those that hold any of these numbers, in order. */
  segmentsOver(chain: string, first: number, last: number): readonly SegmentRow[] {
    const sql = `SELECT * FROM segments WHERE chain = ?1 AND first <= ?3
      AND first >= coalesce((SELECT max(first) FROM segments WHERE chain = ?1 AND first <= ?2), 0) AND last >= ?2 ORDER BY first`;
    return this.all(sql, chain, first, last) as unknown as SegmentRow[];
  }

  /** Segments of a chain that begin with `first` or later and at most with `last`, in order. */
  segmentsOfChain(chain: string, first: number, last: number, most: number): readonly SegmentRow[] {
    const sql = "SELECT * FROM segments WHERE chain = ? AND first BETWEEN ? AND ? ORDER BY first LIMIT ?";
    return this.all(sql, chain, first, last, most) as unknown as SegmentRow[];
  }

  /** Entries of segments from `entry` on. */
  segmentsAfter(entry: number, most: number): readonly SegmentRow[] {
    return this.all(
      "SELECT * FROM segments WHERE entry >= ? ORDER BY entry LIMIT ?",
      entry,
      most,
    ) as unknown as SegmentRow[];
  }

  /** Newest entry of a segment that holds anything of this time or later; its successor when there is none. */
  entrySince(timeMs: number): number {
    const row = this.get(`SELECT min(entry) AS entry FROM segments WHERE deleted = 0 AND "to" >= ?`, timeMs);
    return (row?.entry as number | null) ?? this.size;
  }

  /** Segments of a selection in the order of the log, after `after`. */
  selected(selection: Selection, after: number, most: number): readonly SegmentRow[] {
    const { chains, cluster, namespace, environment, from, to } = selection;
    const where = ["entry > ?"];
    const values: SQLInputValue[] = [after];
    const add = (condition: string, value: SQLInputValue | undefined) => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    add("chain IN (SELECT value FROM json_each(?))", chains === undefined ? undefined : JSON.stringify(chains));
    add("cluster = ?", cluster);
    add("namespace = ?", namespace);
    add("environment = ?", environment);
    add(`"to" >= ?`, from);
    add(`"from" <= ?`, to);
    const sql = `SELECT * FROM segments WHERE ${where.join(" AND ")} ORDER BY entry LIMIT ?`;
    return this.all(sql, ...values, most) as unknown as SegmentRow[];
  }

  /** Segments whose newest record is older, oldest entry first, after `after`. */
  olderThan(timeMs: number, after: number, most: number): readonly SegmentRow[] {
    const sql = `SELECT * FROM segments WHERE deleted = 0 AND "to" < ? AND entry > ? ORDER BY entry LIMIT ?`;
    return this.all(sql, timeMs, after, most) as unknown as SegmentRow[];
  }

  /** Deleted by the word of the log's first `size` entries, their files perhaps still there. */
  doomed(size: number, most: number): readonly SegmentRow[] {
    const sql = "SELECT * FROM segments WHERE deleted = 1 AND deleted_by < ? ORDER BY entry LIMIT ?";
    return this.all(sql, size, most) as unknown as SegmentRow[];
  }

  /** Entries of segments that the log says are deleted, in order. */
  deletedAfter(entry: number, most: number): readonly number[] {
    const rows = this.all(
      "SELECT entry FROM segments WHERE deleted > 0 AND entry > ? ORDER BY entry LIMIT ?",
      entry,
      most,
    );
    return rows.map((row) => row.entry as number);
  }

  gone(entry: number): void {
    this.run("UPDATE segments SET deleted = 2 WHERE entry = ?", entry);
  }

  holds(): readonly HoldRow[] {
    return this.all("SELECT * FROM holds ORDER BY name") as unknown as HoldRow[];
  }

  /** Gaps, forks and ends, newest first. */
  events(before: number, most: number): readonly EventRow[] {
    return this.all(
      "SELECT * FROM events WHERE entry < ? ORDER BY entry DESC LIMIT ?",
      before,
      most,
    ) as unknown as EventRow[];
  }

  /** Forks last: however many a sidecar makes, gaps and ends are among the first. */
  eventsOf(chain: string, most: number): readonly EventRow[] {
    return this.all(
      "SELECT * FROM events WHERE chain = ? ORDER BY type = 'fork', entry DESC LIMIT ?",
      chain,
      most,
    ) as unknown as EventRow[];
  }

  isForkKnown(chain: string, number: number): boolean {
    return (
      this.get("SELECT 1 FROM events WHERE chain = ? AND type = 'fork' AND number = ?", chain, number) !== undefined
    );
  }

  counts(): Readonly<Record<string, number>> {
    const rows = this.all(
      "SELECT state, silent, count(*) AS n, sum(gaps) AS gaps, sum(forks) AS forks FROM chains GROUP BY 1, 2",
    );
    const counts: Record<string, number> = { open: 0, silent: 0, closed: 0, unclosed: 0, gaps: 0, forks: 0 };
    for (const { state, silent, n, gaps, forks } of rows) {
      const name = state === "open" && silent === 1 ? "silent" : String(state);
      counts[name]! += Number(n);
      counts.gaps! += Number(gaps);
      counts.forks! += Number(forks);
    }
    return counts;
  }

  seen(chain: string, nowMs: number): void {
    this.run("UPDATE chains SET seen = ?, silent = 0 WHERE chain = ?", nowMs, chain);
  }

  heartbeat(chain: string, { last, lastHash, spoolBytes, oldestMs }: Heartbeat, nowMs: number): void {
    const sql =
      "UPDATE chains SET seen = ?, silent = 0, told_last = ?, told_hash = ?, spool_bytes = ?, oldest = ? WHERE chain = ?";
    this.run(sql, nowMs, last, lastHash, spoolBytes, oldestMs, chain);
  }

  /** Open chains from which nothing came since, not told to be silent yet, longest quiet first. */
  newlySilent(timeMs: number, most: number): readonly ChainRow[] {
    const sql = "SELECT * FROM chains WHERE state = 'open' AND silent = 0 AND seen < ? ORDER BY seen LIMIT ?";
    return this.all(sql, timeMs, most) as unknown as ChainRow[];
  }

  /** Open chains from which nothing came since, by their names, after `after`. */
  quietSince(timeMs: number, after: string, most: number): readonly ChainRow[] {
    const sql = "SELECT * FROM chains WHERE state = 'open' AND seen < ? AND chain > ? ORDER BY chain LIMIT ?";
    return this.all(sql, timeMs, after, most) as unknown as ChainRow[];
  }

  setSilent(chain: string): void {
    this.run("UPDATE chains SET silent = 1 WHERE chain = ?", chain);
  }

  meta(name: string): string | undefined {
    return this.get("SELECT value FROM meta WHERE name = ?", name)?.value as string | undefined;
  }

  setMeta(name: string, value: string): void {
    this.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value);
  }

  close(): void {
    this.statements.clear();
    this.database.close();
  }

  private get(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.prepared(sql).get(...values);
  }

  private all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.prepared(sql).all(...values);
  }

  private run(sql: string, ...values: SQLInputValue[]): void {
    this.prepared(sql).run(...values);
  }

  private prepared(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const made = this.database.prepare(sql);
    this.statements.set(sql, made);
    return made;
  }
}

/** In WAL with synchronous NORMAL a crash of the machine costs the newest changes and never the whole: the log has them. */
function connect(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}
