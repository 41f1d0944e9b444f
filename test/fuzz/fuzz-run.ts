// One run: hostile clients and a hostile server around a sidecar for so long, an honest client beside them, and an account of what the
// sidecar holds each time they pause.
import { setTimeout as delay } from "node:timers/promises";
import { type Captures, capture } from "./captures.ts";
import { Control } from "./control.ts";
import { perform } from "./perform.ts";
import { makePlay } from "./play.ts";
import { answerTo } from "./splits.ts";
import { atRest, growth, type Sample } from "./watch.ts";
import { makeWorld, type World } from "./world.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly ms: number;
  readonly lanes: number;
  /** How many times they pause to be looked at. */
  readonly rests: number;
  readonly drivers: "all" | "node-postgres";
  /** The first play; a later one takes up a run near its failure. */
  readonly from: number;
  readonly say: (line: string) => void;
}

export interface FuzzResult {
  readonly plays: Readonly<Record<string, number>>;
  readonly bytesSent: number;
  readonly splits: number;
  readonly samples: readonly Sample[];
  readonly controlAnswers: number;
  readonly controlSlowestMs: number;
  /** Empty: nothing crashed, stalled, answered wrongly or grew. */
  readonly faults: readonly string[];
}

export async function fuzzRun(options: FuzzOptions): Promise<FuzzResult> {
  const world = await makeWorld(options.seed);
  try {
    const at = { port: world.server.port, user: "app", password: "", database: "play" };
    const captures = await capture(at, options.drivers);
    return await new FuzzRun(options, world, captures).run();
  } finally {
    await world.stop();
  }
}

class FuzzRun {
  private readonly plays: Record<string, number> = {};
  private readonly faults: string[] = [];
  private readonly samples: Sample[] = [];
  private readonly inFlight = new Set<number>();
  private bytesSent = 0;
  private splits = 0;
  private next: number;
  private until = 0;
  private readonly startedMs = Date.now();
  private readonly options: FuzzOptions;
  private readonly world: World;
  private readonly captures: Captures;

  constructor(options: FuzzOptions, world: World, captures: Captures) {
    this.options = options;
    this.world = world;
    this.captures = captures;
    this.next = options.from;
  }

  async run(): Promise<FuzzResult> {
    const { ms, rests, lanes } = this.options;
    const control = await Control.begin(this.world.ports.real);
    const wholes = await Promise.all(
      this.captures.reading.map((bytes) => answerTo(this.world.server.port, bytes, null)),
    );
    await this.guarded("at rest", () => this.lookAtRest());
    for (let rest = 1; rest <= rests && this.isGoing(); rest++) {
      this.until = this.startedMs + (ms * rest) / rests;
      await Promise.all([
        ...Array.from({ length: lanes }, () => this.lane()),
        this.guarded("control", () => this.watchControl(control)),
        this.guarded("splits", () => this.cutReads(wholes)),
      ]);
      await this.guarded("at rest", () => this.lookAtRest());
    }
    control.end();
    return {
      plays: this.plays,
      bytesSent: this.bytesSent,
      splits: this.splits,
      samples: this.samples,
      controlAnswers: control.asked,
      controlSlowestMs: control.slowestMs,
      faults: [...this.faults, ...(this.samples.length > 1 ? growth(this.samples) : [])],
    };
  }

  private isGoing(): boolean {
    const { child } = this.world.sidecar;
    if (child.exitCode === null && child.signalCode === null) return this.faults.length === 0;
    this.fault(
      `the sidecar ended with ${child.exitCode ?? child.signalCode}: ${this.world.sidecar.log().slice(-3_000)}`,
    );
    return false;
  }

  private fault(what: string): void {
    if (this.faults.length < 20) this.faults.push(`${what} (plays under way: ${[...this.inFlight].join(" ")})`);
  }

  private async guarded(what: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error: Error) => this.isGoing() && this.fault(`${what}: ${error.message}`));
  }

  private async lookAtRest(): Promise<void> {
    const sample = await atRest(this.world.sidecar, 1, this.startedMs);
    await this.world.sweep();
    this.samples.push(sample);
    this.options.say(`${this.next - this.options.from} plays, ${this.splits} splits: ${JSON.stringify(sample)}`);
  }

  private async lane(): Promise<void> {
    while (Date.now() < this.until && this.isGoing()) {
      const index = this.next++;
      const play = makePlay(this.options.seed, index, this.captures);
      this.inFlight.add(index);
      const { bytesSent, isStuck } = await perform(play, this.world.ports[play.to]);
      this.inFlight.delete(index);
      if (isStuck) this.fault(`play ${index} (${play.kind}) was never let go`);
      this.plays[play.kind] = (this.plays[play.kind] ?? 0) + 1;
      this.bytesSent += bytesSent;
    }
  }

  private async watchControl(control: Control): Promise<void> {
    while (Date.now() < this.until && this.isGoing()) {
      for (const wrong of await control.look()) this.fault(wrong);
      await delay(100);
    }
  }

  /** Goes on where it was after each rest. */
  private async cutReads(wholes: readonly string[]): Promise<void> {
    const places = this.captures.reading.flatMap((bytes, which) =>
      Array.from({ length: bytes.length - 1 }, (_, at) => ({ which, at: at + 1 })),
    );
    while (Date.now() < this.until && this.isGoing()) {
      // In steps without a factor in common with most lengths: a short run sees places everywhere.
      const { which, at } = places[(this.splits++ * 97) % places.length]!;
      const got = await answerTo(this.world.ports.real, this.captures.reading[which]!, at);
      if (got !== wholes[which])
        this.fault(`capture ${which} cut at ${at} was answered otherwise: ${JSON.stringify(got.slice(-300))}`);
    }
  }
}
