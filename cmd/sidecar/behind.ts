// The thread behind the statements' one: it reads the spool, ships records and makes spans of them, so that no statement waits for it.
import { parentPort, workerData } from "node:worker_threads";
import { systemFiles } from "../../pkg/audit/spool-files.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { CommittedMark } from "../../pkg/shipping/committed.ts";
import { startShipping } from "../../pkg/shipping/shipping.ts";
import type { Telemetry, TelemetrySettings } from "../../pkg/telemetry/telemetry.ts";
import type { BehindSettings, FromBehind, ToBehind, WriterCounters } from "./behind-messages.ts";

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
let writer: WriterCounters = { records: 0, unrecorded: 0, depthBytes: 0 };
const telemetry = settings.telemetry === null ? null : await telemetryFor(settings.telemetry);

/** Loaded where it is asked for: its libraries take memory. */
async function telemetryFor(asked: TelemetrySettings): Promise<Telemetry> {
  const { startTelemetry } = await import("../../pkg/telemetry/telemetry.ts");
  return startTelemetry(asked, {
    ...world,
    from: settings.from,
    nowMs: () => systemClock.nowMs(),
    audit: auditReadings,
  });
}

function auditReadings(): Readonly<Record<string, number>> {
  const shipped = shipping?.counters();
  const oldestMs = shipped?.oldestMs ?? 0;
  return {
    appended: writer.records,
    unrecorded: writer.unrecorded,
    exported: shipped?.records ?? 0,
    rejected: shipped?.deadLetters ?? 0,
    retries: shipped?.retries ?? 0,
    "spool.bytes": writer.depthBytes,
    "spool.oldest_age": oldestMs === 0 ? 0 : Math.max(0, (systemClock.nowMs() - oldestMs) / 1000),
  };
}

const tellCounters = () =>
  tell({
    tell: "counters",
    shipping: shipping?.counters() ?? null,
    telemetry: telemetry?.counters() ?? null,
  });

port.on("message", (message: ToBehind) => {
  switch (message.do) {
    case "at":
      writer = message.writer;
      shipping?.at(message.position);
      return tellCounters();
    case "servers":
      return telemetry?.servers(message.servers);
    case "finish":
      return void finish(message);
    default:
      message satisfies never;
  }
});

async function finish({ position, timeMs }: Extract<ToBehind, { do: "finish" }>): Promise<void> {
  const [left] = await Promise.all([shipping?.finish(position, timeMs), telemetry?.finish(timeMs)]);
  tellCounters();
  tell({ tell: "finished", left: left ?? null });
  port.close();
}
