// Collects what a verification finds: all of it counted, the first of each kind with its place.
import { FINDING_KINDS, type FindingKind } from "./exit-codes.ts";

export interface LinePlace {
  readonly file: string;
  /** From 1; null when the finding is about a whole file or what is not there. */
  readonly line: number | null;
}

export interface Finding {
  readonly kind: FindingKind;
  /** Records concerned. */
  readonly count: number;
  readonly place: LinePlace;
  readonly detail: string;
}

const KEPT_PER_KIND = 100;

export class Findings {
  readonly counts: Record<FindingKind, number>;
  readonly kept: Finding[] = [];
  private readonly keptCounts = new Map<FindingKind, number>();

  constructor() {
    this.counts = Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0])) as Record<FindingKind, number>;
  }

  add(kind: FindingKind, place: LinePlace, detail: string, count = 1): void {
    this.counts[kind] += count;
    const kept = this.keptCounts.get(kind) ?? 0;
    if (kept >= KEPT_PER_KIND) return;
    this.keptCounts.set(kind, kept + 1);
    this.kept.push({ kind, count, place, detail });
  }

  /** A record that was taken for missing has turned up. */
  takeBack(kind: FindingKind, count: number): void {
    this.counts[kind] -= count;
  }

  gravest(): FindingKind | null {
    return FINDING_KINDS.find((kind) => this.counts[kind] > 0) ?? null;
  }
}
