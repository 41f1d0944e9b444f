// Evidence of a selection: its chains with what the log says of them, and their segments read one by one while the file is written.
// Memory grows with the number of chains, not with that of records.
import { parseCheckpoint } from "../ledger/checkpoint.ts";
import { parseEntry } from "../ledger/entries.ts";
import { type EvidenceChain, type FoundEntry, type FoundSegment, writeEvidence } from "../ledger/evidence.ts";
import type { AbsentRun, ChainClaim } from "../ledger/manifest.ts";
import { checkNote, type NoteSigner, parseVkey, signNote } from "../ledger/note.ts";
import { CollectorError } from "./collector-error.ts";
import type { SegmentRow } from "./index-rows.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerIndex } from "./ledger-index.ts";
import { holdsPlace, holdsTime, type Scope } from "./scope.ts";
import type { Selection } from "./selection.ts";

export interface EvidenceOptions {
  readonly signer: NoteSigner;
  readonly witnessKeys: readonly string[];
  /** Earlier ones of this log, which it is shown to go on from. */
  readonly olderCheckpoints?: readonly string[];
  readonly nowMs: () => number;
  /** Of who asks: only segments that lie in it with all of their time are taken along. */
  readonly scope?: Scope;
}

const PAGE = 1000;
const CHAINS_MAX = 10_000;
const EVENTS_MAX = 10_000;

interface Range {
  first: number;
  last: number;
}

/** null: there is no checkpoint, or nothing of the selection under it. @throws CollectorError, LedgerError, also while it is read */
export async function evidenceOf(
  ledger: Ledger,
  selection: Selection,
  olderCheckpoints: readonly string[],
  { signer, witnessKeys, nowMs, scope = {} }: EvidenceOptions,
): Promise<AsyncGenerator<Buffer> | null> {
  const { checkpointNote: checkpoint, checkpointHead: head } = ledger.log;
  if (checkpoint === null || head === null) return null;
  const ranges = rangesOf(ledger.index, selection, head.size, scope);
  if (ranges.size === 0) return null;
  const chains: EvidenceChain[] = [];
  for (const chain of [...ranges.keys()].sort())
    chains.push(await chainOf(ledger, chain, ranges.get(chain)!, head.size));
  const madeAtMs = nowMs();
  return writeEvidence({
    log: ledger.log,
    checkpoint,
    olderCheckpoints,
    logKey: signer.vkey,
    witnessKeys: witnessKeys.filter((key) => hasSigned(checkpoint, key)),
    selection: { ...selection },
    madeAtMs,
    chains,
    sign: (text) => signNote(text, [signer], Math.floor(madeAtMs / 1000)),
  });
}

/** Not by its name: a witness whose key was changed has two keys of one name. */
export function hasSigned(note: string, key: string): boolean {
  return checkNote(parseCheckpoint(note).note, parseVkey(key)).signed;
}

/** From the first to the last segment that is selected, per chain. */
function rangesOf(index: LedgerIndex, selection: Selection, size: number, scope: Scope): Map<string, Range> {
  const ranges = new Map<string, Range>();
  for (let after = -1; ; ) {
    const rows = index.selected(selection, after, PAGE);
    for (const row of rows) {
      const { entry, chain, first, last } = row;
      if (entry >= size) return ranges;
      if (!holdsPlace(scope, row) || !holdsTime(scope, row.from, row.to)) continue;
      const range = ranges.get(chain);
      if (range === undefined) ranges.set(chain, { first, last });
      else [range.first, range.last] = [Math.min(range.first, first), Math.max(range.last, last)];
      if (ranges.size > CHAINS_MAX)
        throw new CollectorError("busy", `the selection has more than ${CHAINS_MAX} chains; ask for less at once`);
    }
    if (rows.length < PAGE) return ranges;
    after = rows.at(-1)!.entry;
  }
}

async function chainOf(ledger: Ledger, chain: string, { first, last }: Range, size: number): Promise<EvidenceChain> {
  const { index } = ledger;
  const absent: AbsentRun[] = [];
  const indexes = new Set(index.keysOf(chain).map(({ entry }) => entry));
  let next = first;
  let tip: SegmentRow | undefined;
  for (const row of rowsOf(index, chain, first, last)) {
    if (row.first > next) add(absent, { from: next, to: row.first - 1, why: "gap" });
    if (isGone(row, size)) add(absent, { from: row.first, to: row.last, why: "retention" });
    if (row.deleted_by !== null) indexes.add(row.deleted_by);
    next = row.last + 1;
    tip = row;
  }
  for (const { entry } of index.eventsOf(chain, EVENTS_MAX)) indexes.add(entry);
  const begin = index.segmentFrom(chain, first)!;
  const { cluster, environment, namespace } = begin;
  const claim: ChainClaim = {
    ...{ chain, cluster, environment, namespace, first, last },
    lastHash: tip!.last_hash,
    prev: await prevOf(ledger, begin.entry),
    absent,
  };
  const known = [...indexes].filter((entry) => entry < size).sort((a, b) => a - b);
  return { claim, entries: await entriesAt(ledger, known), segments: () => segmentsOf(ledger, claim, size) };
}

function* rowsOf(index: LedgerIndex, chain: string, first: number, last: number): Generator<SegmentRow> {
  for (let next = first; next <= last; ) {
    const rows = index.segmentsOfChain(chain, next, last, PAGE);
    if (rows.length === 0) return;
    yield* rows;
    next = rows.at(-1)!.last + 1;
  }
}

function add(runs: AbsentRun[], run: AbsentRun): void {
  const before = runs.at(-1);
  if (before?.why === run.why && before.to + 1 === run.from) runs[runs.length - 1] = { ...before, to: run.to };
  else runs.push(run);
}

async function prevOf(ledger: Ledger, entry: number): Promise<string> {
  const parsed = parseEntry((await ledger.entry(entry)).bytes);
  if (parsed?.type === "segment") return parsed.header.prev;
  throw new CollectorError(
    "damaged",
    `log: entry ${entry} is no segment; make the index anew by removing state/index.db`,
  );
}

async function entriesAt(ledger: Ledger, indexes: readonly number[]): Promise<readonly FoundEntry[]> {
  const found: FoundEntry[] = [];
  for (const index of indexes) found.push(await ledger.entry(index));
  return found;
}

/** Its deletion is in the checkpoint's tree; until then its file is there. */
function isGone({ deleted_by: by }: SegmentRow, size: number): boolean {
  return by !== null && by < size;
}

async function* segmentsOf(
  { index, store }: Ledger,
  { chain, first, last }: ChainClaim,
  size: number,
): AsyncGenerator<FoundSegment> {
  for (const row of rowsOf(index, chain, first, last)) {
    if (isGone(row, size)) continue;
    const file = await store.readBytes(row);
    if (file === null)
      throw new CollectorError("damaged", `segment ${row.first} of chain ${chain} is not there; restore it`);
    yield { index: row.entry, first: row.first, last: row.last, file };
  }
}
