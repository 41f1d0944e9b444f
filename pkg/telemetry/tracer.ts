// Spans out of records, with ids that are known before: a tracer whose ids are those of the span at hand.
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import { AlwaysOnSampler, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { SpanIds, StatementSpan } from "./statement-span.ts";

export type EmitSpan = (span: StatementSpan) => void;

export function spanEmitter(processor: SpanProcessor, resource: Resource, version: string): EmitSpan {
  let ids: SpanIds = { traceId: "", spanId: "", parentSpanId: null };
  const provider = new TracerProvider({
    resource,
    sampler: new AlwaysOnSampler(),
    idGenerator: { generateTraceId: () => ids.traceId, generateSpanId: () => ids.spanId },
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: 16 * 1024, attributeCountLimit: 64 },
  });
  const tracer = provider.getTracer("weir.sidecar", version);
  return (statement) => {
    ids = statement.ids;
    const { name, attributes, startMs, durationUs, error } = statement;
    const start = timeOf(startMs, 0);
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes, startTime: start }, contextOf(ids));
    if (error !== null) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(timeOf(startMs, durationUs));
  };
}

function contextOf({ traceId, parentSpanId }: SpanIds): Context {
  if (parentSpanId === null) return ROOT_CONTEXT;
  const parent = { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

/** Seconds and nanoseconds. */
function timeOf(ms: number, us: number): [number, number] {
  const wholeMs = ms + Math.floor(us / 1000);
  return [Math.floor(wholeMs / 1000), (wholeMs % 1000) * 1_000_000 + (us % 1000) * 1000];
}
