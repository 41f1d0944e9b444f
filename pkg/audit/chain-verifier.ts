// One chain, record by record as they lie in the files: does each follow the one before it? Memory is bounded: a window of recent
// hashes and a list of gaps.
import { type ChainLink, GENESIS } from "./chain.ts";
import type { Findings, LinePlace } from "./findings.ts";
import type { Mark } from "./head.ts";

const WINDOW = 4096;
const GAPS_MAX = 1024;

interface Gap {
  from: number;
  to: number;
  /** What the record after the gap names as the one before it. */
  readonly lastHash: string;
}

export class ChainVerifier {
  readonly chain: string;
  private readonly findings: Findings;
  /** Hashes known from elsewhere, by number. */
  private readonly marks: ReadonlyMap<number, Mark>;
  private readonly window = new Map<number, string>();
  private readonly gaps: Gap[] = [];
  private next: number | null = null;
  private last: string | null = null;
  private lastPlace: LinePlace | null = null;
  /** Damaged lines since the last good record; each may stand for one number. */
  private damaged = 0;
  private firstNumber: number | null = null;

  constructor(chain: string, findings: Findings, marks: ReadonlyMap<number, Mark>) {
    this.chain = chain;
    this.findings = findings;
    this.marks = marks;
  }

  get first(): number | null {
    return this.firstNumber;
  }

  /** The highest number found, or null. */
  get lastNumber(): number | null {
    return this.next === null ? null : this.next - 1;
  }

  get lastHash(): string | null {
    return this.last;
  }

  damage(): void {
    this.damaged++;
  }

  /** `begin`: what the first record must name, null for a chain from its beginning. */
  record(link: ChainLink, hash: string, place: LinePlace, begin: Mark | null): void {
    if (this.next === null) this.begin(link, place, begin);
    else if (link.number < this.next) this.earlier(link, hash, place);
    else this.later(link, place, this.next);
    if (this.next === null || link.number >= this.next) this.advance(link, hash, place);
  }

  private begin(link: ChainLink, place: LinePlace, begin: Mark | null): void {
    this.firstNumber = link.number;
    // What was given away may lie here still: a crash came before its removal.
    if (begin !== null && link.number <= begin.number) return;
    const number = begin === null ? 0 : begin.number + 1;
    const previous = begin === null ? GENESIS : begin.hash;
    const damagedBefore = this.damaged > 0 && link.number - number <= this.damaged && link.number > number;
    if (damagedBefore || (link.number === number && link.previous === previous)) return;
    const expected =
      begin === null ? "the beginning of a chain (number 0)" : `number ${number}, after what was shipped and removed`;
    this.findings.add(
      "wrong-first",
      place,
      `begins with number ${link.number} of chain ${this.chain}, expected ${expected}`,
    );
  }

  private later(link: ChainLink, place: LinePlace, next: number): void {
    const absent = Math.max(0, link.number - next - this.damaged);
    if (absent > 0) this.gap(link, place, next, absent);
    const follows = link.number === next;
    if (follows && link.previous !== this.last) {
      const other = this.lastPlace === null ? "" : ` (${this.lastPlace.file}:${this.lastPlace.line})`;
      this.findings.add(
        "altered",
        place,
        `number ${link.number} names another hash than that of number ${next - 1}${other}: one of them was rewritten`,
      );
    }
  }

  private gap(link: ChainLink, place: LinePlace, next: number, absent: number): void {
    if (this.gaps.length < GAPS_MAX) this.gaps.push({ from: next, to: link.number - 1, lastHash: link.previous });
    const numbers = absent === 1 ? `number ${next} is` : `numbers ${next} to ${link.number - 1} are`;
    this.findings.add("missing", place, `${numbers} absent from chain ${this.chain}`, absent);
  }

  private earlier(link: ChainLink, hash: string, place: LinePlace): void {
    const index = this.gaps.findIndex(({ from, to }) => from <= link.number && link.number <= to);
    if (index === -1) {
      const again = this.window.get(link.number) === hash;
      this.findings.add(
        "forked",
        place,
        `number ${link.number} of chain ${this.chain} stands here again${again ? ", the same record" : ""}`,
      );
      return;
    }
    const gap = this.gaps[index]!;
    this.compareMark(link, hash, place);
    this.findings.takeBack("missing", 1);
    this.findings.add("reordered", place, `number ${link.number} of chain ${this.chain} stands after later ones`);
    if (link.number === gap.to && hash !== gap.lastHash) {
      this.findings.add(
        "altered",
        place,
        `number ${link.number} is not the record that number ${link.number + 1} names`,
      );
    }
    this.narrow(index, gap, link);
  }

  /** Takes a number that turned up out of its gap. */
  private narrow(index: number, gap: Gap, link: ChainLink): void {
    const parts: Gap[] = [];
    if (gap.from < link.number) parts.push({ from: gap.from, to: link.number - 1, lastHash: link.previous });
    if (link.number < gap.to) parts.push({ from: link.number + 1, to: gap.to, lastHash: gap.lastHash });
    this.gaps.splice(index, 1, ...parts);
  }

  private advance(link: ChainLink, hash: string, place: LinePlace): void {
    this.compareMark(link, hash, place);
    this.next = link.number + 1;
    this.last = hash;
    this.lastPlace = place;
    this.damaged = 0;
    this.window.set(link.number, hash);
    if (this.window.size > WINDOW) this.window.delete(this.window.keys().next().value!);
  }

  private compareMark(link: ChainLink, hash: string, place: LinePlace): void {
    const mark = this.marks.get(link.number);
    if (mark === undefined || mark.hash === hash) return;
    this.findings.add("altered", place, `number ${link.number} had another hash when it was written`);
  }
}
