// Ships a spool's records: seals what follows the last acknowledged record, posts it until the collector says that it is durable there,
// and only then moves on. What it knows can always be asked again: a kill at any point loses nothing, and the collector knows doubles.

import { GENESIS } from "../audit/chain.ts";
import type { SpoolFiles } from "../audit/spool-files.ts";
import type { SigningKey } from "../ledger/ed25519.ts";
import { sealSegment } from "../ledger/segment.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { type Batch, type BatchLimits, type Gathered, gather, type Passed, type Wanted } from "./batch.ts";
import { Burial } from "./burial.ts";
import { type Claims, registration, type Standing } from "./chain-registration.ts";
import type { Collector } from "./collector.ts";
import { DEAD_LETTERS_FILE, DeadLetters } from "./dead-letters.ts";
import { glanceAt } from "./glance.ts";
import { Pauses } from "./pauses.ts";
import { readProgress, writeProgress } from "./progress.ts";
import { SetBacks } from "./set-backs.ts";
import type { SpoolPlace, SpoolReader } from "./spool-reader.ts";

export interface ShipperOptions {
  readonly reader: SpoolReader;
  readonly collector: Collector;
  readonly key: SigningKey;
  readonly claims: Claims;
  readonly limits?: Partial<BatchLimits>;
  readonly deadLetterBytesMax: number;
  /** A segment holds the records of at most this time; a second when not given. */
  readonly sealMs?: number;
}

export interface ShipperWorld {
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 to 1. */
  readonly random: () => number;
  /** Segments of the spool up to this one are safe and may go. */
  readonly release: (segment: number) => void;
  /** The chain cannot go on at the collector: records must begin a new one. */
  readonly breakChain: (chain: string, why: string) => void;
}

export interface ShipperCounters {
  readonly records: number;
  readonly segments: number;
  /** Of requests, compressed. */
  readonly bytes: number;
  readonly retries: number;
  readonly deadLetters: number;
  readonly damaged: number;
  /** Records that the collector wants and that are not here any more. */
  readonly missing: number;
  /** 0: none yet. */
  readonly lastAckMs: number;
  /** When the oldest record that is not acknowledged was written; 0: none waits. */
  readonly oldestMs: number;
}

const SEGMENT: BatchLimits = { records: 1000, bytes: 1024 * 1024 };
const SEAL_MS = 1000;
const LOOK_MS = 250;

export class Shipper {
  private readonly options: ShipperOptions;
  private readonly world: ShipperWorld;
  private readonly burial: Burial;
  private readonly pauses = new Pauses();
  private readonly setBacks: SetBacks;
  private readonly counted = noneYet();
  private limits: BatchLimits;
  private place: SpoolPlace;
  private wanted: Wanted | null;
  /** The last record that is known to lie in the spool, of those that the collector has. */
  private known: number;
  private registered = false;

  constructor(options: ShipperOptions, world: ShipperWorld) {
    this.options = options;
    this.world = world;
    this.limits = { ...SEGMENT, ...options.limits };
    const letters = new DeadLetters(world.files, options.reader.folder, options.deadLetterBytesMax);
    this.burial = new Burial(letters, world.clock);
    this.setBacks = new SetBacks(this.pauses, world);
    const progress = readProgress(world.files, options.reader.folder);
    const isThere = progress !== null && lies(progress.place, options.reader);
    this.place = isThere ? progress.place : options.reader.start();
    this.wanted = progress?.wanted ?? null;
    this.known = isThere ? progress.wanted.next - 1 : -1;
  }

  counters(): ShipperCounters {
    return { ...this.counted, retries: this.setBacks.total, deadLetters: this.burial.count };
  }

  /** Where the collector stands with the chain at hand, as far as it has said so. */
  get standing(): Wanted | null {
    return this.wanted;
  }

  /** The collector knows the chain at hand. */
  get isRegistered(): boolean {
    return this.registered;
  }

  /** Until the end of the spool after `finish`, or until `stop`. Throws what the file system throws. */
  async run(): Promise<void> {
    while (!this.pauses.isStopped) {
      if (this.burial.isDue) {
        if (!(await this.bury())) return;
      } else if (this.wanted !== null && !this.registered) await this.register(this.wanted.chain);
      else if (!(await this.step(gather(this.options.reader, this.place, this.wanted, this.limits)))) return;
    }
  }

  /** Ships without waiting from now on, and lets `run` end at the end of the spool. */
  finish(): void {
    this.pauses.finish();
  }

  stop(): void {
    this.pauses.stop();
  }

  /** False: it is finished. */
  private async step(gathered: Gathered): Promise<boolean> {
    switch (gathered.found) {
      case "batch":
        await this.ship(gathered.batch);
        if (!gathered.batch.hasMore && !this.pauses.isFinishing)
          await this.pauses.pause(this.options.sealMs ?? SEAL_MS);
        return true;
      case "chain":
        this.pass(gathered);
        this.adopt(gathered.chain);
        return true;
      case "nothing":
        return this.rest(gathered);
      case "break":
        this.breakOff(gathered.why);
        return true;
      default:
        return gathered satisfies never;
    }
  }

  private async rest(passed: Passed): Promise<boolean> {
    if (this.wanted !== null && this.wanted.next > (passed.known ?? this.known) + 1) {
      this.breakOff("the collector holds records that are not here");
      return true;
    }
    this.pass(passed);
    this.counted.oldestMs = 0;
    if (this.pauses.isFinishing) return false;
    await this.pauses.pause(Math.min(LOOK_MS, this.options.sealMs ?? SEAL_MS));
    return true;
  }

  private async ship(batch: Batch): Promise<void> {
    const { chain, records, prev } = batch;
    const [first, last] = [records[0]!, records.at(-1)!];
    this.counted.oldestMs = first.timeMs;
    const { cluster, environment, namespace } = this.options.claims;
    const meta = { chain, cluster, environment, namespace, first: first.number, prev };
    const times = { from: first.timeMs, to: last.timeMs };
    const bytes = records.map(({ record }) => record);
    const segment = sealSegment(bytes, { ...meta, ...times }, this.options.key);
    if (batch.missing > 0) this.tellMissing(batch);
    const body = await this.options.collector.packed(segment, records, batch.missing > 0);
    while (!this.pauses.isStopped && this.registered && (await this.deliver(batch, body)) === "again");
  }

  /** The collector marks the gap for ever: a record was damaged here, or the collector has lost what it had acknowledged. */
  private tellMissing({ chain, missing, records }: Batch): void {
    this.counted.missing += missing;
    const [first, next] = [records[0]!.number - missing, records[0]!.number];
    this.world.logger.log("error", "shipping.gap", {
      chain,
      reason: `the collector wants number ${first}, and none before ${next} is here any more`,
      consequence: "the ledger shows a gap",
    });
  }

  private async deliver(batch: Batch, body: Buffer): Promise<"again" | "done"> {
    const { chain, records } = batch;
    const delivered = await this.options.collector.deliver(chain, body, this.pauses.signal);
    switch (delivered.result) {
      case "taken":
        this.acknowledged(batch, body.length);
        return "done";
      case "rejected":
        this.breakOff(`the collector refused ${delivered.count} records: ${delivered.why}`);
        return "done";
      case "too large":
        if (records.length === 1) this.breakOff("the collector takes no record of this size");
        else this.limits = { ...this.limits, records: Math.ceil(records.length / 2) };
        return "done";
      case "conflict":
        await this.resume(delivered.standing, batch);
        return "done";
      case "failed":
        if (delivered.isRefusal) this.registered = false;
        await this.setBacks.wait(delivered);
        return "again";
      default:
        return delivered satisfies never;
    }
  }

  private acknowledged({ chain, records, lastHash, end, hasMore }: Batch, bytes: number): void {
    this.setBacks.over();
    this.burial.reset();
    if (!hasMore) this.counted.oldestMs = 0;
    this.counted.records += records.length;
    this.counted.segments += 1;
    this.counted.bytes += bytes;
    this.counted.lastAckMs = this.world.clock.nowMs();
    this.known = records.at(-1)!.number;
    this.wanted = { chain, next: this.known + 1, lastHash };
    this.moveTo(end);
  }

  /** Goes on where the collector says that it stands. */
  private async resume(standing: Standing, batch: Batch): Promise<void> {
    const { next } = this.wanted!;
    const isWhatWasSent = standing.next === next && (batch.missing > 0 || standing.lastHash === batch.prev);
    if (isWhatWasSent) {
      this.registered = false;
      await this.setBacks.wait({ why: "the collector says that what follows does not follow", waitMs: null });
    } else this.stand(standing);
  }

  private stand({ next, lastHash }: Standing): void {
    const { chain, next: before } = this.wanted!;
    if (next < before) {
      this.place = this.options.reader.start();
      this.known = -1;
    }
    this.wanted = { chain, next, lastHash };
  }

  private async register(chain: string): Promise<void> {
    const { key, claims, collector } = this.options;
    const answer = await collector.register(chain, registration(chain, key, claims), this.pauses.signal);
    if (answer.result === "failed") {
      const oldest = this.options.reader.read(this.place).lines[0];
      this.counted.oldestMs = (oldest && glanceAt(oldest.record)?.timeMs) ?? 0;
      return this.setBacks.wait(answer);
    }
    this.setBacks.over();
    this.registered = true;
    this.stand(answer.standing);
    this.world.logger.log("info", "shipping.registered", { chain, next: answer.standing.next });
  }

  private adopt(chain: string): void {
    this.wanted = { chain, next: 0, lastHash: GENESIS };
    this.known = -1;
    this.registered = false;
    this.burial.end();
  }

  /** What cannot be delivered ends the chain there: all of it that is left goes to the dead letters, and a new one begins. */
  private breakOff(why: string): void {
    const { chain } = this.wanted!;
    this.burial.begin(chain, why);
    this.world.logger.log("error", "shipping.broken", {
      chain,
      reason: why,
      consequence: "what was not taken of this chain goes to the dead letters, and a new chain begins",
    });
  }

  /** False: it is finished. */
  private async bury(): Promise<boolean> {
    const buried = this.burial.bury(this.options.reader, this.place, this.world.breakChain);
    if (buried.found === "some" || buried.found === "other chain") this.moveTo(buried.end);
    if (buried.found === "other chain") this.adopt(buried.chain);
    if (buried.found === "no room") {
      const why = `there is no room for dead letters; move ${DEAD_LETTERS_FILE} of the spool away`;
      await this.setBacks.wait({ why, waitMs: null });
    }
    if (buried.found !== "nothing") return true;
    if (this.pauses.isFinishing) return false;
    await this.pauses.pause(LOOK_MS);
    return true;
  }

  private pass({ end, damaged, known }: Passed): void {
    this.counted.damaged += damaged;
    this.known = known ?? this.known;
    if (end.segment !== this.place.segment || end.offset !== this.place.offset) this.moveTo(end);
  }

  /** Everything before `place` is safe, or has been taken out of the way. */
  private moveTo(place: SpoolPlace): void {
    const before = this.place;
    this.place = place;
    const { reader } = this.options;
    if (this.wanted !== null) writeProgress(this.world.files, reader.folder, { place, wanted: this.wanted });
    if (place.segment > before.segment) this.world.release(place.segment - 1);
  }
}

function lies({ segment, offset }: SpoolPlace, reader: SpoolReader): boolean {
  const [start, end] = [reader.start(), reader.end()];
  return segment >= start.segment && (segment < end.segment || (segment === end.segment && offset <= end.offset));
}

/** Of what the shipper counts itself. */
function noneYet() {
  return {
    records: 0,
    segments: 0,
    bytes: 0,
    damaged: 0,
    missing: 0,
    lastAckMs: 0,
    oldestMs: 0,
  };
}
