// Metrics to an OTLP endpoint: each export is one post; the next one tells what a lost one would have, because values are cumulative.

import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { Destination } from "../shipping/destination.ts";

/** As `ExportResultCode` of @opentelemetry/core. */
const SUCCESS = 0;
const FAILED = 1;

export function metricExporter(
  destination: Destination,
  path: string,
  problem: (why: string) => void,
): PushMetricExporter {
  const signal = new AbortController().signal;
  let isFailing = false;
  return {
    export(metrics: ResourceMetrics, done) {
      const bytes = ProtobufMetricsSerializer.serializeRequest(metrics)!;
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      void destination.post({ path, contentType: "application/x-protobuf", body }, signal).then((answer) => {
        const isTaken = answer.outcome === "answered" && answer.status < 300;
        if (!isTaken && !isFailing) problem(answer.outcome === "failed" ? answer.why : `it answered ${answer.status}`);
        isFailing = !isTaken;
        done({ code: isTaken ? SUCCESS : FAILED });
      });
    },
    forceFlush: async () => {},
    shutdown: async () => destination.close(),
  };
}
