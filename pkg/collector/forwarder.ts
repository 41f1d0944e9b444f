// One destination's way through the log: reads segments in the log's order, picks what it is to have, delivers, and only then remembers
// how far it is. What is gone before its turn (retention) or will never be taken is counted, told and put aside, never passed over in silence.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parsedRecord } from "../audit/chain.ts";
import { WholeFacts } from "../audit/whole-facts.ts";
import type { Delivery, Forwarded } from "../forwarding/delivery.ts";
import { pauseMs } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import type { CollectorFiles } from "./collector-files.ts";
import type { SegmentRow } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import { holdsPlace, type Scope } from "./scope.ts";
import { toldOf } from "./told.ts";

export interface ForwardFilter {
  readonly place: Scope;
  /** Of statements; their outcomes go along. null: all. */
  readonly verdicts: readonly string[] | null;
}

export interface ForwarderOptions {
  readonly name: string;
  readonly ledger: KeptLedger;
  readonly delivery: Delivery;
  readonly filter: ForwardFilter;
  readonly files: CollectorFiles;
  readonly dataFolder: string;
  readonly logger: Logger;
  readonly batchMax?: number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly nowMs: () => number;
}

interface Cursor {
  /** Entry of the log that comes next, and how many records of its segment are done. */
  readonly entry: number;
  readonly done: number;
  /** Of the next record that is sent. */
  readonly sequence: number;
}

export interface ForwardCounters {
  readonly sent: number;
  readonly refused: number;
  /** Records that were deleted before their turn. */
  readonly missed: number;
  readonly failures: number;
  /** Entries of the log that are still before it. */
  readonly behind: number;
}

const BATCH_MAX = 200;
const IDLE_MS = 2000;
const CURSOR_BYTES_MAX = 4096;
const NAMES_MAX = 10_000;

export class Forwarder {
  private readonly options: ForwarderOptions;
  private readonly path: string;
  private readonly stopping = new AbortController();
  private cursor: Cursor = { entry: 0, done: 0, sequence: 1 };
  private running: Promise<void> | null = null;
  private counted = { sent: 0, refused: 0, missed: 0, failures: 0 };
  /** Statements that were picked: their outcomes are, too. */
  private readonly picked = new Set<string>();

  constructor(options: ForwarderOptions) {
    this.options = options;
    this.path = join(options.dataFolder, "state", `forward-${options.name}.json`);
  }

  get name(): string {
    return this.options.name;
  }

  /** A new destination begins with what comes from now on; `entries`: how long the log is. @throws when its place cannot be read */
  async open(entries: number): Promise<void> {
    const bytes = await this.options.files.read(this.path, CURSOR_BYTES_MAX);
    if (bytes !== null) this.cursor = JSON.parse(bytes.toString());
    else await this.keep({ entry: entries, done: 0, sequence: 1 });
  }

  start(): void {
    this.running ??= this.run();
  }

  counters(): ForwardCounters {
    const size = this.options.ledger.current()?.index.size ?? this.cursor.entry;
    return { ...this.counted, behind: Math.max(0, size - this.cursor.entry) };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.options.delivery.close();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (!(await this.step())) await this.idle();
      } catch (cause) {
        this.counted.failures++;
        this.options.logger.log("error", "forward_failed", { to: this.name, why: (cause as Error).message });
        await this.idle();
      }
    }
  }

  /** Whether there was anything. */
  private async step(): Promise<boolean> {
    const ledger = this.options.ledger.current();
    if (ledger === null || this.cursor.entry >= ledger.index.size) return false;
    const [row] = ledger.index.segmentsAfter(this.cursor.entry, 1);
    if (row === undefined) return await this.passTo(ledger.index.size);
    if (row.entry > this.cursor.entry) await this.passTo(row.entry);
    if (!holdsPlace(this.options.filter.place, row)) return await this.passTo(row.entry + 1);
    const opened = row.deleted === 0 ? await ledger.store.read(row) : null;
    if (opened === null) return await this.missed(row);
    await this.segment(row, opened);
    return true;
  }

  private async segment(
    row: SegmentRow,
    { header, records }: { readonly header: Parameters<typeof toldOf>[1]; readonly records: readonly Buffer[] },
  ): Promise<void> {
    const facts = new WholeFacts();
    const batchMax = this.options.batchMax ?? BATCH_MAX;
    let batch: Forwarded[] = [];
    for (const [at, bytes] of records.entries()) {
      const record = parsedRecord(bytes) as Readonly<Record<string, unknown>> | null;
      const whole = facts.of(record);
      const told = toldOf(bytes, header);
      if (at < this.cursor.done || record === null || told === null || !this.picks(told)) continue;
      const sequence = this.cursor.sequence + batch.length;
      const uid = `${row.chain}/${row.first + at}`;
      batch.push({ sequence, uid, timeMs: told.timeMs, bytes, event: this.eventOf(record, whole, sequence) });
      if (batch.length < batchMax) continue;
      if (!(await this.deliver(batch, { ...this.cursor, done: at + 1 }))) return;
      batch = [];
    }
    await this.deliver(batch, { ...this.cursor, entry: row.entry + 1, done: 0 });
  }

  private picks(told: NonNullable<ReturnType<typeof toldOf>>): boolean {
    const { verdicts } = this.options.filter;
    if (verdicts === null) return true;
    const key = `${told.chain}/${told.session}/${told.statement}`;
    if (told.kind === "outcome") return this.picked.delete(key);
    if (told.kind !== "decision" || !verdicts.includes(told.verdict ?? "")) return false;
    this.picked.add(key);
    if (this.picked.size > NAMES_MAX) this.picked.delete(this.picked.values().next().value!);
    return true;
  }

  private eventOf(record: Readonly<Record<string, unknown>>, facts: unknown, sequence: number) {
    const unmapped = (record.unmapped ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const forward = { destination: this.name, sequence };
    return {
      ...record,
      unmapped: { ...unmapped, weir: { ...unmapped.weir, ...(facts !== undefined && { facts }), forward } },
    };
  }

  /** Until it is taken, or never will be; false at the end. `after`: where that leads, but for the sequence. */
  private async deliver(batch: readonly Forwarded[], after: Cursor): Promise<boolean> {
    if (batch.length > 0 && !(await this.settle(batch))) return false;
    await this.keep({ ...after, sequence: this.cursor.sequence + batch.length });
    return true;
  }

  private async settle(batch: readonly Forwarded[]): Promise<boolean> {
    const { delivery, logger, random } = this.options;
    const { signal } = this.stopping;
    for (let failures = 1; ; failures++) {
      const delivered = await delivery.deliver(batch, signal);
      if (signal.aborted) return false;
      if (delivered.as === "taken") {
        this.counted.sent += batch.length;
        return true;
      }
      if (delivered.as === "refused") return await this.refused(batch, delivered.why);
      this.counted.failures++;
      // Once, and then now and then.
      if ((failures & (failures - 1)) === 0)
        logger.log("warn", "forward_waits", { to: this.name, why: delivered.why, failures });
      await delay(pauseMs(failures, random(), delivered.afterMs), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return false;
    }
  }

  /** One by one, so that one record that is not liked takes no other along. */
  private async refused(batch: readonly Forwarded[], why: string): Promise<boolean> {
    if (batch.length > 1) {
      for (const one of batch) if (!(await this.settle([one]))) return false;
      return true;
    }
    const { logger, nowMs, dataFolder, files } = this.options;
    const [{ uid, sequence }] = batch as [Forwarded];
    this.counted.refused++;
    logger.log("error", "forward_refused", { to: this.name, record: uid, sequence, why });
    const path = join(dataFolder, "state", `forward-${this.name}-refused`, `${sequence}.json`);
    await files.replaceAll([[path, Buffer.from(JSON.stringify({ uid, sequence, why, timeMs: nowMs() }))]]);
    return true;
  }

  private async missed(row: SegmentRow): Promise<boolean> {
    const count = row.last - row.first + 1 - this.cursor.done;
    this.counted.missed += count;
    this.options.logger.log("error", "forward_missed", {
      to: this.name,
      chain: row.chain,
      first: row.first,
      last: row.last,
    });
    return await this.passTo(row.entry + 1);
  }

  private async passTo(entry: number): Promise<boolean> {
    await this.keep({ entry, done: 0, sequence: this.cursor.sequence });
    return true;
  }

  private async keep(cursor: Cursor): Promise<void> {
    await this.options.files.replaceAll([[this.path, Buffer.from(JSON.stringify(cursor))]]);
    this.cursor = cursor;
  }

  private async idle(): Promise<void> {
    const { ledger } = this.options;
    const { signal } = this.stopping;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stop();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, IDLE_MS).unref();
      const stop = ledger.onGrowth(done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }
}
