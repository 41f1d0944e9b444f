// Signs checkpoints: whenever the log has grown, at most every few seconds, with the signatures of the witnesses that answer in time.
import { parseCheckpointText, signCheckpoint } from "../ledger/checkpoint.ts";
import type { NoteSigner } from "../ledger/note.ts";
import type { Logger } from "../runtime/logger.ts";
import { Periodic } from "../runtime/periodic.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";
import type { WitnessClient } from "./witness-client.ts";

export interface CheckpointsOptions {
  readonly ledger: KeptLedger;
  readonly signer: NoteSigner;
  readonly witnesses: readonly WitnessClient[];
  readonly everyMs: number;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

export class Checkpoints {
  private readonly options: CheckpointsOptions;
  private readonly turns = new Periodic(() => this.make());
  private madeMs: number | null = null;
  private behind = 0;

  constructor(options: CheckpointsOptions) {
    this.options = options;
  }

  /** When the newest was made by this process; null: not yet. */
  get newestMs(): number | null {
    return this.madeMs;
  }

  /** Witnesses that have not signed it. */
  get witnessesBehind(): number {
    return this.behind;
  }

  start(): void {
    this.turns.start(this.options.everyMs);
  }

  /** Signs one when there is anything new to sign. Never throws. */
  now(): Promise<void> {
    return this.turns.now();
  }

  async stop(): Promise<void> {
    await this.turns.stop();
    await this.now();
  }

  private async make(): Promise<void> {
    const ledger = this.options.ledger.current();
    if (ledger === null) return;
    const published = ledger.log.checkpointHead?.size ?? -1;
    if (ledger.log.size <= published && this.behind === 0) return;
    const release = await ledger.lock();
    try {
      await ledger.log.checkpoint((text) => {
        release();
        return this.sign(ledger, text);
      });
      this.madeMs = this.options.nowMs();
    } catch (cause) {
      this.options.logger.log("error", "checkpoint_failed", { why: (cause as Error).message });
      if ((cause as { readonly code?: string }).code !== "refused") ledger.markBroken();
    } finally {
      release();
    }
  }

  private async sign({ log }: Ledger, text: string): Promise<string> {
    const { signer, witnesses, logger, nowMs } = this.options;
    const checkpoint = parseCheckpointText(text);
    const own = signCheckpoint(checkpoint, [signer], Math.floor(nowMs() / 1000));
    const asked = await Promise.all(
      witnesses.map(async (client) => ({
        name: client.witness.key.name,
        answer: await client.cosign(own, checkpoint.size, (old, size) => log.consistencyProof(old, size)),
      })),
    );
    let note = own;
    let behind = 0;
    for (const { name, answer } of asked) {
      if (answer.signed) note += answer.lines;
      else {
        behind++;
        logger.log("warn", "witness_behind", { witness: name, why: answer.why });
      }
    }
    this.behind = behind;
    return note;
  }
}
