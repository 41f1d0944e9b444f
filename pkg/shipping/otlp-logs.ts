// A sealed segment as an OTLP ExportLogsServiceRequest: one LogRecord a record, whose body is the exact bytes that were hashed, and last
// one that holds the segment's header. Field numbers: opentelemetry-proto, logs/v1, common/v1, resource/v1, collector/logs/v1.
import type { SealedSegment } from "../ledger/segment.ts";
import type { Glance } from "./glance.ts";
import { fieldsOf, Message } from "./protobuf.ts";

export interface ShippedRecord extends Glance {
  readonly record: Buffer;
}

export type ResourceAttributes = Readonly<Record<string, string | boolean>>;

const SCOPE = "weir.audit";
const NANOS = 1_000_000n;

/** OCSF severity_id to OpenTelemetry's severity number and text. */
const severities: Readonly<Record<number, readonly [number, string]>> = {
  1: [9, "INFO"],
  2: [10, "INFO2"],
  3: [13, "WARN"],
  4: [17, "ERROR"],
};

export function logsRequest(segment: SealedSegment, records: readonly ShippedRecord[], of: ResourceAttributes): Buffer {
  const resource = new Message();
  for (const [key, value] of Object.entries(of)) resource.message(1, attribute(key, valueFor(value)));
  const scopeLogs = new Message().message(1, new Message().text(1, SCOPE));
  const chain = attribute("weir.chain", textValue(segment.header.chain));
  for (const record of records) scopeLogs.message(2, recordLog(record, chain));
  scopeLogs.message(2, segmentLog(segment));
  const resourceLogs = new Message().message(1, resource).message(2, scopeLogs);
  return new Message().message(1, resourceLogs).bytes();
}

function recordLog({ record, number, timeMs, severity, name }: ShippedRecord, chain: Message): Message {
  const [severityNumber, severityText] = severities[severity] ?? [9, "INFO"];
  return new Message()
    .fixed64(1, BigInt(timeMs) * NANOS)
    .whole(2, severityNumber)
    .text(3, severityText)
    .message(5, new Message().data(1, record))
    .message(6, chain)
    .message(6, attribute("weir.sequence", new Message().whole(3, number)))
    .fixed64(11, BigInt(timeMs) * NANOS)
    .text(12, name);
}

function segmentLog({ header, headerText, signature }: SealedSegment): Message {
  return new Message()
    .fixed64(1, BigInt(header.to) * NANOS)
    .whole(2, 9)
    .text(3, "INFO")
    .message(5, textValue(headerText))
    .message(6, attribute("weir.signature", textValue(signature)))
    .fixed64(11, BigInt(header.to) * NANOS)
    .text(12, "weir.segment");
}

function attribute(key: string, value: Message): Message {
  return new Message().text(1, key).message(2, value);
}

function valueFor(value: string | boolean): Message {
  return typeof value === "string" ? textValue(value) : new Message().whole(2, value ? 1 : 0);
}

function textValue(text: string): Message {
  return new Message().text(1, text);
}

export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/**
 * What an ExportLogsServiceResponse (or that of traces or metrics, which has the same form) says. Null when it is none: then nothing was
 * acknowledged, whatever the status was.
 */
export function partialSuccess(contentType: string | undefined, body: Buffer): PartialSuccess | null {
  if (contentType?.startsWith("application/json")) return fromJson(body);
  if (!contentType?.startsWith("application/x-protobuf")) return null;
  const fields = fieldsOf(body);
  if (fields === null) return null;
  let told: PartialSuccess = { rejected: 0, message: "" };
  for (const [field, value] of fields) {
    if (field !== 1) continue;
    const inner = typeof value === "number" ? null : fieldsOf(value);
    if (inner === null) return null;
    told = { rejected: numberIn(inner, 1), message: textIn(inner, 2) };
  }
  return told;
}

type Fields = NonNullable<ReturnType<typeof fieldsOf>>;

function numberIn(fields: Fields, field: number): number {
  const value = fields.findLast(([found]) => found === field)?.[1];
  return typeof value === "number" ? value : 0;
}

function textIn(fields: Fields, field: number): string {
  const value = fields.findLast(([found]) => found === field)?.[1];
  return Buffer.isBuffer(value) ? value.toString("utf8") : "";
}

/** 64-bit numbers may be texts in the JSON form. */
function fromJson(body: Buffer): PartialSuccess | null {
  try {
    const value = JSON.parse(body.toString("utf8"));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    const told = value.partialSuccess ?? {};
    const rejected = Number(told.rejectedLogRecords ?? told.rejectedSpans ?? told.rejectedDataPoints ?? 0);
    return Number.isSafeInteger(rejected) ? { rejected, message: String(told.errorMessage ?? "") } : null;
  } catch {
    return null;
  }
}
