// Starts the thread behind the statements' one and does what it asks; a thread that ends is started again, from where shipping stood.
import { Worker } from "node:worker_threads";
import type { AuditWriter } from "../../pkg/audit/writer.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { CommittedMark } from "../../pkg/shipping/committed.ts";
import type { Left, Position } from "../../pkg/shipping/shipping.ts";
import type { Server } from "../../pkg/telemetry/statement-span.ts";
import type { BehindCounters, BehindSettings, FromBehind, ToBehind } from "./behind-messages.ts";

export interface Behind {
  /** null: nothing has been heard of it yet. */
  counters(): BehindCounters | null;
  /** The true address of each GovernedDatabase. */
  servers(servers: Readonly<Record<string, Server>>): void;
  /** About once a second. */
  tick(): void;
  /** After the last record was written: ships what is left, for at most `timeMs`; null when nothing is shipped at all. */
  finish(timeMs: number): Promise<Left | null>;
}

const AGAIN_MS = 2_000;
/** Bytes that are at hand at one time are bounded by the segment; this is for what nobody thought of. */
const resourceLimits = { maxOldGenerationSizeMb: 192 };

export interface BehindWorld {
  readonly committed: CommittedMark;
  readonly audit: AuditWriter;
  readonly logger: Logger;
}

export function startBehind(
  settings: Pick<BehindSettings, "shipping" | "telemetry">,
  { committed, audit, logger }: BehindWorld,
): Behind {
  let counters: BehindCounters | null = null;
  let servers: Readonly<Record<string, Server>> | null = null;
  let worker: Worker | null = null;
  let finished: ((left: Left | null) => void) | null = null;

  function start(): void {
    const { segment, bytes: offset } = committed.get();
    const workerData: BehindSettings = { ...settings, committed: committed.memory, from: { segment, offset } };
    worker = new Worker(new URL("./behind.ts", import.meta.url), { workerData, resourceLimits });
    worker.unref();
    worker.on("message", hear);
    if (servers !== null) say({ do: "servers", servers });
    worker.on("error", (error) => logger.log("error", "behind.defect", { error: error.message }));
    worker.on("exit", () => {
      worker = null;
      if (finished !== null) finished(null);
      else setTimeout(start, AGAIN_MS).unref();
    });
  }

  function hear(message: FromBehind): void {
    switch (message.tell) {
      case "release":
        return audit.release(message.segment);
      case "break":
        return message.chain === audit.position.chain ? audit.beginAnew(message.why) : undefined;
      case "counters":
        counters = message;
        return;
      case "log":
        return logger.log(message.level, message.event, message.fields);
      case "finished":
        finished?.(message.left);
        return;
      default:
        message satisfies never;
    }
  }

  const position = (): Position => ({ ...audit.position, depthBytes: audit.counters().depthBytes });
  const written = ({ records, unrecorded, depthBytes } = audit.counters()) => ({ records, unrecorded, depthBytes });
  const say = (message: ToBehind) => worker?.postMessage(message);
  start();
  return {
    counters: () => counters,
    servers(now) {
      servers = now;
      say({ do: "servers", servers });
    },
    tick: () => say({ do: "at", position: position(), writer: written() }),
    finish(timeMs) {
      if (worker === null) return Promise.resolve(null);
      return new Promise((resolve) => {
        finished = resolve;
        say({ do: "finish", position: position(), timeMs });
      });
    },
  };
}
