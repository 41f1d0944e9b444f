// The live view: one reader, from an entry of the log on, in the log's order, read from the segments themselves. A reader has a place in
// the log instead of a queue, so that a slow one costs nothing; one that falls far behind is told what it missed and goes on at the end.

import type { SegmentRow } from "./index-rows.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";
import { LOOKUP_PLACE } from "./lookups.ts";
import { holdsPlace, holdsTime, type Scope } from "./scope.ts";
import type { FilterName, TailFilter } from "./tail-filter.ts";
import { isLike, TailMatcher } from "./tail-filter.ts";
import { type Told, toldOf } from "./told.ts";

/** Where a reader is: behind this record of this entry of the log. */
export interface TailPlace {
  readonly entry: number;
  /** -1: before the first. */
  readonly number: number;
}

export type TailEvent =
  | { readonly event: "record"; readonly place: TailPlace; readonly told: Told }
  /** Something that the reader would have seen is not shown. */
  | { readonly event: "gap"; readonly place: TailPlace; readonly why: string };

export interface TailSink {
  /** Resolves when more can be taken. @throws when the reader is gone or takes too long */
  send(events: readonly TailEvent[]): Promise<void>;
  /** Nothing to tell; the connection is to be kept. */
  idle(): Promise<void>;
  readonly ended: AbortSignal;
}

export interface TailOptions {
  readonly ledger: KeptLedger;
  readonly filter: TailFilter;
  readonly from: TailPlace;
  /** What the reader may see. */
  readonly scope: Scope;
  readonly lagMax?: number;
  readonly idleMs?: number;
}

/** Entries that a reader may be behind. */
const LAG_MAX = 50_000;
const IDLE_MS = 15_000;
const ROWS = 64;

export async function tail(options: TailOptions, sink: TailSink): Promise<void> {
  const { ledger: kept, filter, scope, lagMax = LAG_MAX, idleMs = IDLE_MS } = options;
  const matcher = new TailMatcher(filter);
  let place = options.from;
  while (!sink.ended.aborted) {
    const ledger = kept.current();
    const behind = (ledger?.index.size ?? 0) - place.entry;
    if (behind > lagMax) {
      place = { entry: place.entry + behind - lagMax, number: -1 };
      await sink.send([
        { event: "gap", place, why: `${behind - lagMax} entries of the log were passed over: too far behind` },
      ]);
    }
    const rows = ledger?.index.segmentsAfter(place.entry, ROWS) ?? [];
    for (const row of rows) {
      if (sink.ended.aborted) return;
      if (mayHold(row, filter) && holdsPlace(scope, row))
        await sink.send(await eventsOf(ledger!, row, place, { matcher, scope }));
      place = { entry: row.entry + 1, number: -1 };
    }
    // Entries of other kinds are nothing to be behind of.
    if (rows.length === 0 && ledger !== null && place.entry < ledger.index.size)
      place = { entry: ledger.index.size, number: -1 };
    if (rows.length === 0 && !(await grown(kept, idleMs, sink.ended))) await sink.idle();
  }
}

async function eventsOf(
  { store }: Ledger,
  row: SegmentRow,
  after: TailPlace,
  { matcher, scope }: { readonly matcher: TailMatcher; readonly scope: Scope },
): Promise<readonly TailEvent[]> {
  const opened = row.deleted === 0 ? await store.read(row) : null;
  if (opened === null) {
    if (!holdsTime(scope, row.from, row.to)) return [];
    const why = `records ${row.first} to ${row.last} of chain ${row.chain} are not here any more`;
    return [{ event: "gap", place: { entry: row.entry, number: row.last }, why }];
  }
  const events: TailEvent[] = [];
  for (const record of opened.records) {
    const told = toldOf(record, opened.header);
    if (told === null || (row.entry === after.entry && told.number <= after.number)) continue;
    if (holdsTime(scope, told.timeMs) && matcher.matches(told))
      events.push({ event: "record", place: { entry: row.entry, number: told.number }, told });
  }
  return events;
}

const placed: readonly FilterName[] = ["cluster", "namespace", "environment", "chain"];

/** Whether the segment is worth opening. What the collector records of its readers shows when its cluster is asked for. */
function mayHold(row: SegmentRow, filter: TailFilter): boolean {
  if (row.cluster === LOOKUP_PLACE.cluster && !filter.has("cluster")) return false;
  return placed.every((name) => {
    const wanted = filter.get(name);
    return wanted === undefined || wanted.some((pattern) => isLike(row[name as "chain"], pattern));
  });
}

/** Waits until the log has grown; false after `idleMs`. */
function grown(kept: KeptLedger, idleMs: number, ended: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (value: boolean) => {
      clearTimeout(timer);
      stop();
      ended.removeEventListener("abort", abort);
      resolve(value);
    };
    const abort = () => done(true);
    const timer = setTimeout(() => done(false), idleMs);
    const stop = kept.onGrowth(() => done(true));
    ended.addEventListener("abort", abort);
    if (ended.aborted) done(true);
  });
}

export function placeText({ entry, number }: TailPlace): string {
  return `${entry}.${number}`;
}

export function parsePlace(text: string): TailPlace | null {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  return match === null ? null : { entry: Number(match[1]), number: Number(match[2]) };
}
