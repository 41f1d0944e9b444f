import type { FindingKind } from "../audit/exit-codes.ts";
import type { Findings } from "../audit/findings.ts";
import type { SegmentHeader } from "./segment.ts";

const RUNS_MAX = 4096;

/** Numbers `from` to `to`. */
export interface NumberRun {
  readonly from: number;
  readonly to: number;
}

/** Numbers that were leapt over and may still come. */
interface Hole extends NumberRun {
  readonly kind: "missing" | "wrong-first";
  readonly file: string;
}

/** Where the chain must begin, and what is known of its end. */
export interface ChainBounds {
  readonly first: number;
  /** Hash before the first; null when it is not known. */
  readonly prev: string | null;
  readonly last: number | null;
  readonly lastHash: string | null;
}

export class ChainProgress {
  readonly chain: string;
  records = 0;
  segments = 0;
  first: number | null = null;
  lastHash: string | null = null;
  /** Runs that are not here and that the log accounts for. */
  readonly absent: NumberRun[] = [];
  private readonly bounds: ChainBounds;
  private readonly findings: Findings;
  /** Proven to be gone. */
  private readonly excused: NumberRun[] = [];
  private readonly holes: Hole[] = [];
  private next: number | null = null;
  /** Absent at the end of the newest segment: cut off if nothing follows, else missing. */
  private tail = { count: 0, file: "" };
  private lastFile = "";

  constructor(chain: string, bounds: ChainBounds, findings: Findings) {
    this.chain = chain;
    this.bounds = bounds;
    this.findings = findings;
  }

  /** The highest number of a segment found, or null. */
  get last(): number | null {
    return this.next === null ? null : this.next - 1;
  }

  /** The log says that these numbers never came or were deleted. */
  excuse(run: NumberRun): void {
    const before = this.excused.at(-1);
    if (before !== undefined && before.to + 1 === run.from)
      this.excused.splice(-1, 1, { from: before.from, to: run.to });
    else if (this.excused.length < RUNS_MAX) this.excused.push(run);
  }

  /** The next segment's header. `sealed`: it is signed; the hashes of one that is not are not held against others. */
  segment(header: SegmentHeader, file: string, sealed: boolean): void {
    this.settleTail();
    this.segments++;
    this.lastFile = file;
    if (this.next === null) this.begin(header, file, sealed);
    else if (header.first < this.next) return this.earlier(header, file);
    else this.follow(header, file, this.next, sealed);
    this.next = header.last + 1;
    this.lastHash = sealed ? header.lastHash : null;
  }

  /** Of the segment just told: records found, and how many are absent at its end. */
  content(records: number, absentAtEnd: number): void {
    this.records += records;
    this.tail = { count: absentAtEnd, file: this.lastFile };
  }

  private begin(header: SegmentHeader, file: string, sealed: boolean): void {
    this.first = header.first;
    const { first, prev } = this.bounds;
    if (header.first === first) {
      if (sealed && prev !== null && header.prev !== prev)
        this.fault("forked", file, `number ${first} follows another record than it is said to`);
    } else if (header.first > first) {
      this.leap({ from: first, to: header.first - 1, kind: "wrong-first", file });
    } else {
      this.fault("wrong-first", file, `chain ${this.chain} begins with number ${header.first}, before ${first}`);
    }
  }

  private follow(header: SegmentHeader, file: string, next: number, sealed: boolean): void {
    if (header.first > next) this.leap({ from: next, to: header.first - 1, kind: "missing", file });
    else if (sealed && this.lastHash !== null && header.prev !== this.lastHash)
      this.fault(
        "forked",
        file,
        `number ${next} of chain ${this.chain} follows another record than number ${next - 1} here: there are two histories`,
      );
  }

  private leap(hole: Hole): void {
    const { from, to } = hole;
    if (!this.isExcused(hole)) this.holes.push(hole);
    else if (this.absent.length < RUNS_MAX) this.absent.push({ from, to });
    // A list that is too long for memory is told at once, and what turns up later counts as there twice.
    if (this.holes.length > RUNS_MAX) this.tellHole(this.holes.shift()!);
  }

  private earlier(header: SegmentHeader, file: string): void {
    const { first, last } = header;
    const index = this.holes.findIndex(({ from, to }) => from <= first && last <= to);
    if (index === -1)
      return this.fault("forked", file, `numbers ${first} to ${last} of chain ${this.chain} stand here again`);
    const hole = this.holes[index]!;
    const text = `numbers ${first} to ${last} of chain ${this.chain} stand after later ones`;
    this.fault("reordered", file, text, header.count);
    const rest = [
      { ...hole, to: first - 1 },
      { ...hole, from: last + 1 },
    ];
    this.holes.splice(index, 1, ...rest.filter(({ from, to }) => from <= to));
    this.first = Math.min(this.first ?? first, first);
  }

  private tellHole({ from, to, kind, file }: Hole): void {
    const text =
      kind === "missing"
        ? `numbers ${from} to ${to} of chain ${this.chain} are absent`
        : `chain ${this.chain} begins with number ${to + 1}, not with ${from}`;
    this.fault(kind, file, text, to - from + 1);
  }

  private isExcused(run: NumberRun): boolean {
    let from = run.from;
    for (const excuse of this.excused.toSorted((a, b) => a.from - b.from))
      if (excuse.from <= from && from <= excuse.to) from = excuse.to + 1;
    return from > run.to;
  }

  private settleTail(): void {
    const { count, file } = this.tail;
    if (count > 0) this.fault("missing", file, `${count} records at the end of the segment are absent`, count);
    this.tail = { count: 0, file: "" };
  }

  /** `cut`: the file was cut short, so that whatever is not there may have been behind the cut. */
  end(cut: boolean): void {
    for (const hole of this.holes) this.tellHole(hole);
    if (this.tail.count > 0)
      this.fault(
        "truncated",
        this.tail.file,
        `chain ${this.chain} ends ${this.tail.count} records before the end of its last segment`,
        this.tail.count,
      );
    const { first, last, lastHash } = this.bounds;
    if (last === null) return;
    const found = this.next === null ? first - 1 : this.next - 1;
    if (found < last && !this.isExcused({ from: found + 1, to: last })) {
      const kind = this.next === null && !cut ? "missing" : "truncated";
      const here = this.next === null ? "nothing of it is here" : `the last one here is ${found}`;
      this.fault(kind, this.lastFile, `chain ${this.chain} goes to number ${last}, ${here}`, last - found);
    }
    if (found > last)
      this.fault(
        "altered",
        this.lastFile,
        `chain ${this.chain} goes to number ${found}, beyond the ${last} that is claimed`,
      );
    if (found === last && this.lastHash !== null && lastHash !== null && lastHash !== this.lastHash)
      this.fault(
        "forked",
        this.lastFile,
        `number ${last} of chain ${this.chain} is another record than the one that is claimed`,
      );
  }

  private fault(kind: FindingKind, file: string, detail: string, count = 1): void {
    this.findings.add(kind, { file, line: null }, detail, count);
  }
}
