// Starts the thread behind the statements' one and does what it asks; a thread that ends is started again, from where shipping stood.
import { Worker } from "node:worker_threads";
import type { AuditWriter } from "../../pkg/audit/writer.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import type { ShipperCounters } from "../../pkg/shipping/shipper.ts";
import type { Left, Position } from "../../pkg/shipping/shipping.ts";
import type { BehindSettings, FromBehind, ToBehind } from "./behind-messages.ts";

export interface Behind {
  counters(): ShipperCounters | null;
  /** About once a second. */
  tick(): void;
  /** After the last record was written: ships what is left, for at most `timeMs`; null when nothing is shipped at all. */
  finish(timeMs: number): Promise<Left | null>;
}

const AGAIN_MS = 2_000;
/** Bytes that are at hand at one time are bounded by the segment; this is for what nobody thought of. */
const resourceLimits = { maxOldGenerationSizeMb: 192 };

export function startBehind(settings: BehindSettings, audit: AuditWriter, logger: Logger): Behind {
  let counters: ShipperCounters | null = null;
  let worker: Worker | null = null;
  let finished: ((left: Left | null) => void) | null = null;

  function start(): void {
    worker = new Worker(new URL("./behind.ts", import.meta.url), { workerData: settings, resourceLimits });
    worker.unref();
    worker.on("message", hear);
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
        counters = message.shipping;
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
  const say = (message: ToBehind) => worker?.postMessage(message);
  start();
  return {
    counters: () => counters,
    tick: () => say({ do: "at", position: position() }),
    finish(timeMs) {
      if (worker === null) return Promise.resolve(null);
      return new Promise((resolve) => {
        finished = resolve;
        say({ do: "finish", position: position(), timeMs });
      });
    },
  };
}
