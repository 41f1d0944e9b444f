// A chain that cannot be delivered any more: what is left of it goes to the dead letters, piece by piece, until records of another chain
// come. When chain after chain is broken off, as by a collector that is not ours, the pauses in between grow: records wait in the spool.
import type { Clock } from "../runtime/clock.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { glanceAt } from "./glance.ts";
import type { SpoolPlace, SpoolReader } from "./spool-reader.ts";

export type Buried =
  | { readonly found: "no room" }
  /** Not yet, or nothing more is there. */
  | { readonly found: "nothing" }
  | { readonly found: "some"; readonly end: SpoolPlace }
  | { readonly found: "other chain"; readonly chain: string; readonly end: SpoolPlace };

const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 10 * 60_000;

export class Burial {
  /** Lines in dead letters since the start. */
  count = 0;
  private readonly letters: DeadLetters;
  private readonly clock: Clock;
  private current: { readonly chain: string; readonly why: string; readonly fromMs: number } | null = null;
  private isTold = false;
  private inARow = 0;

  constructor(letters: DeadLetters, clock: Clock) {
    this.letters = letters;
    this.clock = clock;
  }

  get isDue(): boolean {
    return this.current !== null;
  }

  begin(chain: string, why: string): void {
    const waitMs = this.inARow === 0 ? 0 : Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(this.inARow, 20));
    this.inARow += 1;
    this.isTold = false;
    this.current = { chain, why, fromMs: this.clock.nowMs() + waitMs };
  }

  end(): void {
    this.current = null;
  }

  /** Something was delivered. */
  reset(): void {
    this.inARow = 0;
  }

  /** `told` hears once that a new chain has to begin. */
  bury(reader: SpoolReader, from: SpoolPlace, told: (chain: string, why: string) => void): Buried {
    const { chain, why, fromMs } = this.current!;
    const nowMs = this.clock.nowMs();
    if (nowMs < fromMs && nowMs > fromMs - PAUSE_MAX_MS) return { found: "nothing" };
    if (!this.isTold) told(chain, why);
    this.isTold = true;
    const piece = reader.read(from);
    const chains = piece.lines.map((line) => glanceAt(line.record)?.chain ?? chain);
    const other = chains.findIndex((each) => each !== chain);
    const lines = other === -1 ? piece.lines : piece.lines.slice(0, other);
    if (lines.length > 0 && !this.letters.add({ timeMs: nowMs, chain, why }, lines)) return { found: "no room" };
    this.count += lines.length;
    if (other !== -1) return { found: "other chain", chain: chains[other]!, end: lines.at(-1)?.end ?? from };
    const isSame = piece.end.segment === from.segment && piece.end.offset === from.offset;
    return isSame ? { found: "nothing" } : { found: "some", end: piece.end };
  }
}
