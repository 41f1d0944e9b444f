// Decisions that have not met their outcome yet, with their places; bounded.
import type { LinePlace } from "./findings.ts";

export const OPEN_PLACES_MAX = 1_000_000;

export class OpenPlaces {
  private readonly places = new Map<string, LinePlace>();
  private beyond = 0;
  /** Outcomes whose decision was not seen: it lay in a segment that was shipped and removed, or was never there. */
  strangers = 0;

  get count(): number {
    return this.places.size + this.beyond;
  }

  decision(session: string, statement: number, place: LinePlace): void {
    if (this.places.size >= OPEN_PLACES_MAX) this.beyond++;
    else this.places.set(`${session}/${statement}`, place);
  }

  outcome(session: string, statement: number): void {
    if (!this.places.delete(`${session}/${statement}`)) this.strangers++;
  }

  *[Symbol.iterator](): Generator<readonly [string, LinePlace]> {
    yield* this.places;
  }
}
