// The records of one segment, line by line as they lie in its file, against the header that seals them: what is altered, missing, out of
// order or there twice. Memory: a number and two hashes per record of the segment.
import { linkOf, parsedRecord } from "../audit/chain.ts";
import type { FindingKind } from "../audit/exit-codes.ts";
import type { Findings } from "../audit/findings.ts";
import { intactLine } from "../audit/line.ts";
import type { ScannedLine } from "../audit/scan-lines.ts";
import { GrowingTree, leafHash } from "./merkle.ts";
import { SEGMENT_RECORDS_MAX, type SegmentHeader } from "./segment.ts";

interface Seen {
  readonly hash: string;
  readonly previous: string;
  readonly line: number;
}

interface Hole {
  readonly from: number;
  readonly to: number;
  /** Lines there that are not what was written; each stands for a number. */
  readonly damaged: number;
  readonly line: number;
}

export class RecordRun {
  private readonly header: SegmentHeader;
  private readonly file: string;
  private readonly findings: Findings;
  private readonly seen = new Map<number, Seen>();
  private readonly holes: Hole[] = [];
  private readonly tree = new GrowingTree();
  private next: number;
  private damaged = 0;
  private clean = true;

  constructor(header: SegmentHeader, file: string, findings: Findings) {
    this.header = header;
    this.file = file;
    this.findings = findings;
    this.next = header.first;
  }

  get records(): number {
    return this.seen.size;
  }

  /** A line behind the first. */
  line({ bytes, number: line, terminated }: ScannedLine): void {
    const intact = terminated ? intactLine(bytes) : null;
    const link = intact === null ? null : linkOf(parsedRecord(intact.record));
    if (intact === null || link === null)
      return this.damage(line, terminated ? "its bytes and its hash differ" : "it has no end");
    if (link.chain !== this.header.chain) return this.damage(line, `it is of chain ${link.chain}`);
    if (link.number < this.header.first || link.number > this.header.last)
      return this.damage(line, `its number ${link.number} is not of this segment`);
    if (this.seen.size >= SEGMENT_RECORDS_MAX) return this.damage(line, "more records than a segment has");
    this.tree.add(leafHash(intact.record));
    this.take(link.number, { hash: intact.hash, previous: link.previous, line });
  }

  private take(number: number, record: Seen): void {
    const known = this.seen.get(number);
    if (known !== undefined) {
      const which = known.hash === record.hash ? "the same record" : "another record";
      return this.fault("forked", record.line, `number ${number} stands here again, ${which}`);
    }
    this.seen.set(number, record);
    if (number < this.next) return this.fault("reordered", record.line, `number ${number} stands after later ones`);
    if (number > this.next)
      this.holes.push({ from: this.next, to: number - 1, damaged: this.damaged, line: record.line });
    this.next = number + 1;
    this.damaged = 0;
  }

  private damage(line: number, why: string): void {
    this.damaged++;
    this.fault("altered", line, `the line is not as it was written: ${why}`);
  }

  /** After the last line; how many records are absent at its end. `sealed`: the header is signed, so what it says counts. */
  end(sealed: boolean): number {
    for (const hole of this.holes) this.tellHole(hole);
    this.compareLinks(sealed);
    const absent = Math.max(0, this.header.last - this.next + 1 - this.damaged);
    const whole = this.clean && absent === 0;
    if (whole && sealed && this.tree.root().toString("hex") !== this.header.root)
      this.fault("altered", null, "its records do not give the root that its header names");
    return absent;
  }

  private tellHole({ from, to, damaged, line }: Hole): void {
    let absent = -damaged;
    for (let number = from; number <= to; number++) if (!this.seen.has(number)) absent++;
    if (absent > 0) this.fault("missing", line, `${absent} of the numbers ${from} to ${to} are absent`, absent);
  }

  private compareLinks(sealed: boolean): void {
    const { first, last, prev, lastHash } = this.header;
    for (const [number, { previous, line }] of this.seen) {
      const before = number === first ? (sealed ? prev : undefined) : this.seen.get(number - 1)?.hash;
      if (before !== undefined && before !== previous)
        this.fault(
          "altered",
          line,
          `number ${number} names another hash than that of the record before it: one of them was rewritten`,
        );
    }
    const end = this.seen.get(last);
    if (sealed && end !== undefined && end.hash !== lastHash)
      this.fault("altered", end.line, `number ${last} is not the record that the header ends with`);
  }

  private fault(kind: FindingKind, line: number | null, detail: string, count = 1): void {
    this.clean = false;
    this.findings.add(kind, { file: this.file, line }, detail, count);
  }
}
