// A sealed segment as an OTLP ExportLogsServiceRequest: one LogRecord a record, whose body is the exact bytes that were hashed, and last
// one that holds the segment's header. Field numbers: opentelemetry-proto, logs/v1, common/v1, resource/v1, collector/logs/v1.
import type { SealedSegment } from "../ledger/segment.ts";
import type { Glance } from "./glance.ts";
import { fieldsOf, Message, varintBytes } from "./protobuf.ts";
import { Scratch } from "./scratch.ts";

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

/** What one request after the other is written into. */
export class RequestMemory {
  readonly logs = new Scratch();
  readonly request = new Scratch();
}

/** Valid until the next request in the same memory. */
export function logsRequest(
  segment: SealedSegment,
  records: readonly ShippedRecord[],
  of: ResourceAttributes,
  memory = new RequestMemory(),
): Buffer {
  const resource = new Message();
  for (const [key, value] of Object.entries(of)) resource.message(1, attribute(key, valueFor(value)));
  const scopeLogs = new Message().message(1, new Message().text(1, SCOPE));
  const writer = new RecordLogs(segment.header.chain, records, memory.logs);
  for (const record of records) scopeLogs.encoded(writer.log(record));
  scopeLogs.message(2, segmentLog(segment));
  const resourceLogs = new Message().message(1, resource).message(2, scopeLogs);
  const request = new Message().message(1, resourceLogs);
  return request.bytes(memory.request.of(request.length));
}

/** Behind the record: the chain's attribute, the number's, two times and the name, with what stands around them. */
const AROUND_BYTES = 256;

/** Writes the LogRecords of one segment into one stretch of memory: this runs for every record, so nothing is made on the way. */
class RecordLogs {
  private readonly memory: Buffer;
  private readonly chain: Buffer;
  private readonly heads = new Map<number, Buffer>();
  private readonly names = new Map<string, Buffer>();
  private at = 0;

  constructor(chain: string, records: readonly ShippedRecord[], memory: Scratch) {
    const bytes = records.reduce((sum, { record }) => sum + record.length + AROUND_BYTES, 0);
    this.memory = memory.of(bytes);
    this.chain = new Message().message(6, attribute("weir.chain", textValue(chain))).bytes();
  }

  /** As field 2 of ScopeLogs. */
  log({ record, number, timeMs, severity, name }: ShippedRecord): Buffer {
    const { chain } = this;
    const start = this.at;
    const head = this.headOf(severity);
    const named = this.nameOf(name);
    const value = 1 + varintBytes(record.length) + record.length;
    const sequence = SEQUENCE.length + 3 + varintBytes(number);
    const length =
      2 * TIME_BYTES + head.length + 1 + varintBytes(value) + value + chain.length + 2 + sequence + named.length;
    this.varint(0x12).varint(length);
    this.time(0x09, timeMs).bytes(head);
    this.varint(0x2a).varint(value).varint(0x0a).varint(record.length).bytes(record);
    this.bytes(chain);
    // KeyValue {key, value {int_value}} as field 6.
    this.varint(0x32).varint(sequence).bytes(SEQUENCE);
    this.varint(0x12)
      .varint(1 + varintBytes(number))
      .varint(0x18)
      .varint(number);
    this.time(0x59, timeMs).bytes(named);
    return this.memory.subarray(start, this.at);
  }

  private headOf(severity: number): Buffer {
    let head = this.heads.get(severity);
    if (head === undefined) {
      const [number, text] = severities[severity] ?? [9, "INFO"];
      head = new Message().whole(2, number).text(3, text).bytes();
      this.heads.set(severity, head);
    }
    return head;
  }

  private nameOf(name: string): Buffer {
    let named = this.names.get(name);
    if (named === undefined) {
      named = new Message().text(12, name).bytes();
      this.names.set(name, named);
    }
    return named;
  }

  private varint(value: number): this {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.memory[this.at++] = (rest % 128) + 128;
    this.memory[this.at++] = rest;
    return this;
  }

  private bytes(bytes: Buffer): this {
    this.at += bytes.copy(this.memory, this.at);
    return this;
  }

  /** Nanoseconds since the epoch as fixed64, of whole milliseconds: halves, because a number holds them only up to 2^53. */
  private time(key: number, ms: number): this {
    const low = (ms % HALF) * NANOS_A_MS;
    const high = Math.floor(ms / HALF) * NANOS_A_MS + Math.floor(low / HALF);
    this.memory[this.at] = key;
    this.memory.writeUInt32LE(low % HALF, this.at + 1);
    this.memory.writeUInt32LE(high, this.at + 5);
    this.at += TIME_BYTES;
    return this;
  }
}

const TIME_BYTES = 9;
const HALF = 2 ** 32;
const NANOS_A_MS = 1_000_000;
const SEQUENCE = new Message().text(1, "weir.sequence").bytes();

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
