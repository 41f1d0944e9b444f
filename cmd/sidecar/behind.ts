// The thread behind the statements' one: it reads the spool, ships records and makes spans of them, so that no statement waits for it.
import { parentPort, workerData } from "node:worker_threads";
import { systemFiles } from "../../pkg/audit/spool-files.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { CommittedMark } from "../../pkg/shipping/committed.ts";
import { startShipping } from "../../pkg/shipping/shipping.ts";
import type { BehindSettings, FromBehind, ToBehind } from "./behind-messages.ts";

const settings = workerData as BehindSettings;
const port = parentPort!;
const tell = (message: FromBehind) => port.postMessage(message);
const world = {
  committed: new CommittedMark(settings.committed),
  files: systemFiles,
  clock: systemClock,
  random: systemRandom,
  logger: { log: (level, event, fields = {}) => tell({ tell: "log", level, event, fields }) },
  release: (segment) => tell({ tell: "release", segment }),
  breakChain: (chain, why) => tell({ tell: "break", chain, why }),
} satisfies Parameters<typeof startShipping>[1];

const shipping = settings.shipping === null ? null : startShipping(settings.shipping, world);

port.on("message", (message: ToBehind) => {
  if (message.do === "at") {
    shipping?.at(message.position);
    tell({ tell: "counters", shipping: shipping?.counters() ?? null });
  } else void finish(message);
});

async function finish({ position, timeMs }: Extract<ToBehind, { do: "finish" }>): Promise<void> {
  const left = (await shipping?.finish(position, timeMs)) ?? null;
  tell({ tell: "counters", shipping: shipping?.counters() ?? null });
  tell({ tell: "finished", left });
  port.close();
}
