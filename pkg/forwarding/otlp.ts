// Records as OpenTelemetry logs to a second backend: the body is the exact text that was hashed, so that it can still be proven.
import type { Destination } from "../shipping/destination.ts";
import type { Delivery, Forwarded } from "./delivery.ts";
import { outcomeOf } from "./http-outcome.ts";

const INFO = 9;

export function otlpDelivery(destination: Destination, name: string): Delivery {
  return {
    async deliver(batch, signal) {
      const body = Buffer.from(JSON.stringify(request(batch, name)));
      const answer = await destination.post({ path: "", contentType: "application/json", body }, signal);
      const refused = answer.outcome === "answered" && answer.status === 200 ? rejectedIn(answer.body) : 0;
      if (refused > 0) return { as: "refused", why: `it rejects ${refused} log records` };
      return outcomeOf(answer);
    },
    close: () => destination.close(),
  };
}

function request(batch: readonly Forwarded[], name: string) {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const logRecords = batch.map(({ sequence, uid, timeMs, bytes }) => ({
    timeUnixNano: String(BigInt(timeMs) * 1_000_000n),
    severityNumber: INFO,
    eventName: "weir.record",
    body: { stringValue: bytes.toString() },
    attributes: [
      text("weir.record.uid", uid),
      text("weir.forward.destination", name),
      { key: "weir.forward.sequence", value: { intValue: String(sequence) } },
    ],
  }));
  const resource = { attributes: [text("service.name", "weir-collector")] };
  return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: "weir.forward" }, logRecords }] }] };
}

/** OTLP's partial success; such records must not be sent again. */
function rejectedIn(body: Buffer): number {
  try {
    return Number(JSON.parse(body.toString()).partialSuccess?.rejectedLogRecords ?? 0);
  } catch {
    return 0;
  }
}
