// A collector's folder: the log against its checkpoint, then every segment of it against the log. Keeps what it knows per chain and nothing of
// the records.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../audit/canonical-json.ts";
import { GENESIS } from "../audit/chain.ts";
import type { Findings } from "../audit/findings.ts";
import { ChainKeys } from "./chain-keys.ts";
import { ChainProgress, type NumberRun } from "./chain-progress.ts";
import { type EndEntry, type LogEntry, parseEntry, type SegmentEntry, type UnknownEntry } from "./entries.ts";
import type { ChainReport } from "./ledger-report.ts";
import { type FirstLine, type SegmentHeader, segmentEntryBytes } from "./segment.ts";
import { segmentPath } from "./segment-path.ts";
import { readSegment, type SegmentFile } from "./segment-reader.ts";

/** What the log says of a chain. */
interface LoggedChain {
  header: SegmentHeader | null;
  readonly excused: NumberRun[];
  end: EndEntry | null;
  forksRefused: number;
  progress: ChainProgress | null;
}

export class LedgerVerifier {
  segments = 0;
  bytes = 0;
  private readonly folder: string;
  private readonly findings: Findings;
  private readonly keys = new ChainKeys();
  private readonly chains = new Map<string, LoggedChain>();

  constructor(folder: string, findings: Findings) {
    this.folder = folder;
    this.findings = findings;
  }

  get records(): number {
    return [...this.chains.values()].reduce((sum, { progress }) => sum + (progress?.records ?? 0), 0);
  }

  /** The highest number of the chain that the log names; -1 when it names none. */
  lastLogged(chain: string): number {
    return this.chains.get(chain)?.header?.last ?? -1;
  }

  /** First, every entry of the log: what they say of the chains. */
  entry(bytes: Buffer, index: number): void {
    const entry = parseEntry(bytes);
    if (entry === null) this.findings.add("altered", this.entryPlace(index), "it is no entry of a log of Weir");
    else this.note(entry, index);
  }

  private note(entry: LogEntry | UnknownEntry, index: number): void {
    if (entry.type === "segment") {
      const chain = this.chain(entry.header.chain);
      if (chain.header === null || entry.header.last > chain.header.last) chain.header = entry.header;
    }
    if (entry.type === "chain-key" && !this.keys.add(entry, index))
      this.findings.add("unverifiable-key", this.entryPlace(index), "the key has not signed its own registration");
    if (entry.type === "gap") this.chain(entry.chain).excused.push(entry);
    if (entry.type === "retention")
      for (const run of entry.segments) this.chain(run.chain).excused.push({ from: run.first, to: run.last });
    if (entry.type === "fork") this.chain(entry.chain).forksRefused++;
    if (entry.type === "closed" || entry.type === "unclosed") this.chain(entry.chain).end = entry;
  }

  /** Then every entry again: the segments that they name. */
  segment(bytes: Buffer, index: number): void {
    const entry = parseEntry(bytes);
    if (entry?.type !== "segment") return;
    const path = segmentPath(entry.header);
    const opened = openFile(join(this.folder, path));
    // That it is absent shows when the next one does not follow, or at the end; deleted ones are accounted for.
    if (opened === null) return;
    try {
      this.segments++;
      this.bytes += opened.size;
      readSegment(
        { ...opened, name: path },
        {
          findings: this.findings,
          keys: this.keys,
          chainOf: () => this.progressOf(entry.header.chain),
          indexOf: (first) => this.indexOf(first, entry, index, path),
        },
      );
    } finally {
      opened.close();
    }
  }

  end(): void {
    for (const name of this.chains.keys()) this.progressOf(name).end(false);
  }

  reports(): ChainReport[] {
    return [...this.chains].flatMap(([name, { header, end, forksRefused }]) => {
      const progress = this.progressOf(name);
      if (header === null) return [];
      const { chain, cluster, environment, namespace } = header;
      const { first, last, lastHash, records, segments, absent } = progress;
      const ended = end !== null && end.last >= header.last ? end.type : "open";
      return [
        {
          chain,
          cluster,
          environment,
          namespace,
          first,
          last,
          lastHash,
          records,
          segments,
          end: ended,
          keys: this.keys.of(name),
          absent,
          forksRefused,
        },
      ];
    });
  }

  private indexOf(first: FirstLine, entry: SegmentEntry, index: number, path: string): number | null {
    const logged = segmentEntryBytes({ headerText: canonicalJson(entry.header), signature: entry.signature });
    if (segmentEntryBytes(first).equals(logged)) return index;
    this.findings.add("altered", { file: path, line: 1 }, `its header is not that of entry ${index} of the log`);
    return null;
  }

  private chain(name: string): LoggedChain {
    const known = this.chains.get(name);
    if (known !== undefined) return known;
    const chain: LoggedChain = { header: null, excused: [], end: null, forksRefused: 0, progress: null };
    this.chains.set(name, chain);
    return chain;
  }

  private progressOf(name: string): ChainProgress {
    const chain = this.chain(name);
    if (chain.progress !== null) return chain.progress;
    const { last = null, lastHash = null } = chain.header ?? {};
    chain.progress = new ChainProgress(name, { first: 0, prev: GENESIS, last, lastHash }, this.findings);
    for (const run of chain.excused) chain.progress.excuse(run);
    return chain.progress;
  }

  private entryPlace(index: number): { readonly file: string; readonly line: number } {
    return { file: "log, entry", line: index };
  }
}

function openFile(path: string): (Omit<SegmentFile, "name"> & { close(): void }) | null {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw cause;
  }
  return {
    size: fstatSync(fd).size,
    read: (into, position) => readSync(fd, into, 0, into.length, position),
    close: () => closeSync(fd),
  };
}
