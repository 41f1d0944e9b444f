// What a run owes the chain before anything else is recorded: how it begins, and the ends of what an earlier run left open. Kept until
// there is room for it, read back from the segments a batch at a time.
import type { RecordBody } from "./chain.ts";
import type { ChainEvent, Predecessor } from "./chain-event.ts";
import { unknownOutcome } from "./event-bodies.ts";
import type { RecordEncoder } from "./record.ts";
import { contextOfRecord, type EndpointParts } from "./record-context.ts";
import { type Found, type OpenPlace, readRecord } from "./recover.ts";
import type { SpoolFiles } from "./spool-files.ts";

const BATCH = 256;

export class Opening {
  private readonly encoder: RecordEncoder;
  private readonly files: SpoolFiles;
  private readonly folder: string;
  private readonly keyId: string;
  private beginning: ChainEvent | null;
  private closings: readonly OpenPlace[];

  constructor(
    found: Found,
    keyId: string,
    encoder: RecordEncoder,
    place: { readonly files: SpoolFiles; readonly folder: string },
  ) {
    this.encoder = encoder;
    this.files = place.files;
    this.folder = place.folder;
    this.keyId = keyId;
    this.beginning = beginningOf(found, keyId);
    this.closings = found.open;
  }

  /** Segment of the oldest decision that has still to be closed. */
  get oldestSegment(): number | null {
    return this.closings[0]?.segment ?? null;
  }

  /** The next chain follows this one. */
  beginAnew(predecessor: Predecessor): void {
    this.beginning = { event: "chain", phase: "begin", predecessor, keyId: this.keyId };
  }

  get isOwed(): boolean {
    return this.beginning !== null || this.closings.length > 0;
  }

  /** The next records to write; empty when nothing is owed any more. */
  next(): readonly RecordBody[] {
    const { beginning } = this;
    if (beginning !== null) return [(at, out) => this.encoder.chainEvent(beginning, at, out)];
    return this.closings.slice(0, BATCH).map((place) => this.closing(place));
  }

  /** `next` was written. */
  done(): void {
    if (this.beginning === null) this.closings = this.closings.slice(BATCH);
    this.beginning = null;
  }

  private closing(place: OpenPlace): RecordBody {
    const record = readRecord(this.files, this.folder, place) as EndpointParts | null;
    const context = contextOfRecord(record ?? {}, place.session);
    const activity = typeof record?.activity_id === "number" ? record.activity_id : 0;
    return (at, out) => this.encoder.outcome(unknownOutcome(place), context, activity, at, out);
  }
}

function beginningOf(
  { state, predecessor, cleanly, tornBytes, open, openForgotten }: Found,
  keyId: string,
): ChainEvent {
  if (state === null) return { event: "chain", phase: "begin", predecessor, keyId };
  return { event: "chain", phase: "resume", cleanly, tornBytes, openDecisions: open.length + openForgotten, keyId };
}
