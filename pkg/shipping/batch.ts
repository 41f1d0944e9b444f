// The next run of records that follows what the collector has, out of the spool: checked against the chain, bounded as a segment is.
import { recordHash } from "../audit/chain.ts";
import type { Standing } from "./chain-registration.ts";
import { glanceAt } from "./glance.ts";
import type { ShippedRecord } from "./otlp-logs.ts";
import type { SpoolLine, SpoolPlace, SpoolReader } from "./spool-reader.ts";

export interface BatchLimits {
  readonly records: number;
  readonly bytes: number;
}

export interface Batch {
  readonly chain: string;
  readonly prev: string;
  readonly records: readonly ShippedRecord[];
  readonly lines: readonly SpoolLine[];
  readonly lastHash: string;
  /** Where reading goes on behind it. */
  readonly end: SpoolPlace;
  /** Records in front of it that the collector wants and that are not here any more. */
  readonly missing: number;
  /** More lies behind it already. */
  readonly hasMore: boolean;
}

export type Gathered =
  | { readonly found: "batch"; readonly batch: Batch }
  /** Everything up to `end` is shipped, or lies behind what the collector wants. */
  | ({ readonly found: "nothing" } & Passed)
  /** The records at `end` are of a chain that the collector has not been asked about. */
  | ({ readonly found: "chain"; readonly chain: string } & Passed)
  /** What is here cannot follow what the collector has. */
  | { readonly found: "break"; readonly why: string };

export interface Passed {
  readonly end: SpoolPlace;
  readonly damaged: number;
  /** Number of the last record that the collector has already; null when none was passed. */
  readonly known: number | null;
}

/** Where the collector stands with the chain at hand. */
export interface Wanted extends Standing {
  readonly chain: string;
}

/** Reads on from `from`. `wanted` null: no chain is known yet. Reads on until there is something to tell. */
export function gather(reader: SpoolReader, from: SpoolPlace, wanted: Wanted | null, limits: BatchLimits): Gathered {
  let [at, damaged, known]: [SpoolPlace, number, number | null] = [from, 0, null];
  for (;;) {
    const piece = reader.read(at);
    damaged += piece.damaged;
    const run = new Run(wanted, limits);
    for (const line of piece.lines) {
      const step = run.take(line);
      if (typeof step === "object") return { found: "break", why: step.cannotFollow };
      if (step === "damaged") damaged += 1;
      if (step === "known") [at, known] = [line.end, run.number];
      if (step === "other chain" && run.count === 0)
        return { found: "chain", chain: run.otherChain!, end: at, damaged, known };
      if (step === "full" || step === "other chain") break;
    }
    if (run.count > 0) return { found: "batch", batch: run.batch(!piece.isEnd) };
    at = piece.end;
    if (piece.isEnd) return { found: "nothing", end: at, damaged, known };
  }
}

type Step = "taken" | "known" | "full" | "other chain" | "damaged" | { readonly cannotFollow: string };

class Run {
  otherChain: string | null = null;
  /** Of the record looked at last. */
  number = 0;
  private readonly wanted: Wanted | null;
  private readonly limits: BatchLimits;
  private readonly records: ShippedRecord[] = [];
  private readonly lines: SpoolLine[] = [];
  private bytes = 0;
  private next: number;
  private lastHash: string;
  private isCut = false;
  private missing = 0;

  constructor(wanted: Wanted | null, limits: BatchLimits) {
    this.wanted = wanted;
    this.limits = limits;
    this.next = wanted?.next ?? 0;
    this.lastHash = wanted?.lastHash ?? "";
  }

  get count(): number {
    return this.records.length;
  }

  take(line: SpoolLine): Step {
    const glance = glanceAt(line.record);
    if (glance === null || recordHash(line.record) !== line.hash) return "damaged";
    this.number = glance.number;
    if (glance.chain !== this.wanted?.chain) {
      this.otherChain = glance.chain;
      return "other chain";
    }
    if (glance.number < this.next) {
      const isLast = glance.number === this.next - 1 && this.count === 0;
      const isOther = isLast && line.hash !== this.lastHash;
      return isOther ? { cannotFollow: `the collector holds another record of number ${glance.number}` } : "known";
    }
    if (glance.number > this.next) {
      if (this.count > 0) return this.full();
      this.missing = glance.number - this.next;
      [this.next, this.lastHash] = [glance.number, glance.previous];
    }
    if (glance.previous !== this.lastHash)
      return { cannotFollow: `the collector holds another record before number ${glance.number}` };
    if (this.count > 0 && this.bytes + line.record.length > this.limits.bytes) return this.full();
    this.records.push({ ...glance, record: line.record });
    this.lines.push(line);
    this.bytes += line.record.length;
    this.next += 1;
    this.lastHash = line.hash;
    return this.count >= this.limits.records ? this.full() : "taken";
  }

  batch(hasMore: boolean): Batch {
    const { records, lines, lastHash, missing } = this;
    const [first, last] = [records[0]!, lines.at(-1)!];
    return {
      chain: first.chain,
      prev: first.previous,
      records,
      lines,
      lastHash,
      end: last.end,
      missing,
      hasMore: hasMore || this.isCut,
    };
  }

  private full(): Step {
    this.isCut = true;
    return "full";
  }
}
