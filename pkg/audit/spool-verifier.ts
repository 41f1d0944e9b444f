// All chains of one folder, line by line: the logic of verify.ts without its files. Pure.
import { type ChainLink, linkOf, parsedRecord } from "./chain.ts";
import type { Predecessor } from "./chain-event.ts";
import { ChainVerifier } from "./chain-verifier.ts";
import { Findings, type LinePlace } from "./findings.ts";
import type { Head, Mark } from "./head.ts";
import { intactLine } from "./line.ts";
import { OpenPlaces } from "./open-places.ts";

const CHAINS_MAX = 4096;

interface WeirMembers {
  readonly kind?: unknown;
  readonly phase?: unknown;
  readonly session?: unknown;
  readonly statement?: unknown;
  readonly details?: { readonly predecessor?: Predecessor | null };
}

export interface ChainSummary {
  readonly chain: string;
  readonly first: number;
  readonly last: number;
  readonly lastHash: string;
  /** Its last record is a close record. */
  readonly closed: boolean;
}

export class SpoolVerifier {
  readonly findings = new Findings();
  readonly open = new OpenPlaces();
  records = 0;
  private readonly chains = new Map<string, ChainVerifier>();
  private readonly closed = new Set<string>();
  private readonly marks: readonly Mark[];
  private readonly released: Mark | null;
  private current: ChainVerifier | null = null;
  /** Damaged lines in front of the first good one. */
  private damagedBefore = 0;
  private lastPlace: LinePlace = { file: "", line: null };

  /** `expected`: records that are known from elsewhere, such as the collector's acknowledgements. */
  constructor(head: Head | null, expected: readonly Mark[]) {
    this.marks = head === null ? expected : [...expected, head.last];
    this.released = head?.released ?? null;
  }

  /** A whole line, without its line break. */
  line(bytes: Buffer, place: LinePlace): void {
    this.lastPlace = place;
    const intact = intactLine(bytes);
    const record = intact === null ? null : parsedRecord(intact.record);
    const link = linkOf(record);
    if (intact === null || link === null) {
      this.damage(place);
      return;
    }
    this.records++;
    this.link(link, intact.hash, place, record as RecordShape);
    this.note((record as RecordShape).unmapped.weir, link, place);
  }

  torn(bytes: number, place: LinePlace): void {
    this.lastPlace = place;
    this.findings.add("torn", place, `the last line is cut short after ${bytes} bytes, as a crash leaves it`);
  }

  /** A line without its end in the middle of the spool. */
  cut(place: LinePlace): void {
    this.damage(place);
  }

  finish(): void {
    for (const mark of this.marks) this.demand(mark);
    for (const [name, place] of this.open) this.findings.add("unclosed", place, `decision ${name} has no outcome`);
    const unnamed = this.open.count - this.findings.counts.unclosed;
    if (unnamed > 0) this.findings.add("unclosed", this.lastPlace, `${unnamed} more`, unnamed);
  }

  summaries(): ChainSummary[] {
    return [...this.chains.values()].flatMap((chain) =>
      chain.lastNumber === null || chain.lastHash === null
        ? []
        : [
            {
              chain: chain.chain,
              first: chain.first!,
              last: chain.lastNumber,
              lastHash: chain.lastHash,
              closed: this.closed.has(chain.chain),
            },
          ],
    );
  }

  private damage(place: LinePlace): void {
    this.findings.add("altered", place, "the line is not as it was written: its bytes and its hash differ");
    if (this.current === null) this.damagedBefore++;
    else this.current.damage();
  }

  private link(link: ChainLink, hash: string, place: LinePlace, record: RecordShape): void {
    const known = this.chains.get(link.chain);
    if (known !== undefined && known !== this.current && link.number === known.lastNumber! + 1) {
      this.findings.add("forked", place, `chain ${link.chain} goes on after another one has taken its place`);
    }
    const chain = known ?? this.begin(link, place, record);
    if (chain === null) return;
    const begin = this.released?.chain === link.chain ? this.released : null;
    chain.record(link, hash, place, begin);
    this.current = chain;
  }

  private begin(link: ChainLink, place: LinePlace, record: RecordShape): ChainVerifier | null {
    if (this.chains.size >= CHAINS_MAX) {
      this.findings.add("forked", place, `more than ${CHAINS_MAX} chains in one folder`);
      return null;
    }
    const marks = new Map(this.marks.filter((mark) => mark.chain === link.chain).map((mark) => [mark.number, mark]));
    const chain = new ChainVerifier(link.chain, this.findings, marks);
    for (; this.damagedBefore > 0; this.damagedBefore--) chain.damage();
    if (this.current !== null) this.succeeds(this.current, record.unmapped.weir.details?.predecessor ?? null, place);
    this.chains.set(link.chain, chain);
    return chain;
  }

  /** A chain that begins after another one names it: how far it had come is thereby known. */
  private succeeds(before: ChainVerifier, named: Predecessor | null, place: LinePlace): void {
    if (named === null || named.chain !== before.chain) {
      this.findings.add("wrong-first", place, `a chain begins without naming the one before it, ${before.chain}`);
      return;
    }
    const found = before.lastNumber ?? -1;
    const known = named.knownNumber ?? -1;
    if (known > found) {
      const told = named.why === "lost" ? "; the sidecar noticed at its start" : "";
      this.findings.add(
        "truncated",
        place,
        `chain ${before.chain} had come to number ${known}, the last one here is ${found}${told}`,
        known - found,
      );
    }
    if (named.number === found && named.hash !== null && named.hash !== before.lastHash) {
      this.findings.add(
        "altered",
        place,
        `the last record of chain ${before.chain} had another hash when the next chain began`,
      );
    }
  }

  private note(weir: WeirMembers, link: ChainLink, place: LinePlace): void {
    const { kind, phase, session, statement } = weir;
    if (kind === "chain" && phase === "close") this.closed.add(link.chain);
    else this.closed.delete(link.chain);
    if (typeof session !== "string" || typeof statement !== "number") return;
    if (kind === "decision") this.open.decision(session, statement, place);
    if (kind === "outcome") this.open.outcome(session, statement);
  }

  private demand(mark: Mark): void {
    const found =
      this.chains.get(mark.chain)?.lastNumber ?? (this.released?.chain === mark.chain ? this.released.number : -1);
    if (found >= mark.number) return;
    const known = `chain ${mark.chain} had come to number ${mark.number}`;
    this.findings.add(
      "truncated",
      this.lastPlace,
      found < 0 ? `${known}, nothing of it is here` : `${known}, the last one here is ${found}`,
      mark.number - found,
    );
  }
}

interface RecordShape {
  readonly unmapped: { readonly weir: WeirMembers };
}
