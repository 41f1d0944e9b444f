// The parts of OTLP that the collector reads, by field number (opentelemetry-proto 1.x: collector/logs, collector/trace). Decoded, they have
// the form of OTLP's JSON: names in camel case, 64-bit numbers as decimal text, trace and span ids in hex. One difference: the body of
// a log record stays bytes, because its exact bytes are what was hashed.

export type Scalar =
  | "text"
  | "exact"
  | "base64"
  | "hex"
  | "int64"
  | "fixed64"
  | "uint32"
  | "fixed32"
  | "bool"
  | "double";

export type Field =
  | { readonly name: string; readonly scalar: Scalar }
  | { readonly name: string; readonly message: () => Message; readonly repeated: boolean };

export type Message = ReadonlyMap<number, Field>;

const scalar = (name: string, kind: Scalar): Field => ({ name, scalar: kind });
const one = (name: string, message: () => Message): Field => ({ name, message, repeated: false });
const many = (name: string, message: () => Message): Field => ({ name, message, repeated: true });
const message = (fields: Readonly<Record<number, Field>>): Message =>
  new Map(Object.entries(fields).map(([number, field]) => [Number(number), field]));

const anyValue: Message = message({
  1: scalar("stringValue", "text"),
  2: scalar("boolValue", "bool"),
  3: scalar("intValue", "int64"),
  4: scalar("doubleValue", "double"),
  5: one("arrayValue", () => arrayValue),
  6: one("kvlistValue", () => keyValueList),
  7: scalar("bytesValue", "base64"),
});
const keyValue: Message = message({ 1: scalar("key", "text"), 2: one("value", () => anyValue) });
const arrayValue: Message = message({ 1: many("values", () => anyValue) });
const keyValueList: Message = message({ 1: many("values", () => keyValue) });
const attributes = many("attributes", () => keyValue);
const resource: Message = message({ 1: attributes });
const scope: Message = message({ 1: scalar("name", "text"), 2: scalar("version", "text") });

const body: Message = message({ 1: scalar("stringValue", "exact") });
const logRecord: Message = message({
  5: one("body", () => body),
  6: attributes,
  12: scalar("eventName", "text"),
});
const scopeLogs: Message = message({ 1: one("scope", () => scope), 2: many("logRecords", () => logRecord) });
const resourceLogs: Message = message({ 1: one("resource", () => resource), 2: many("scopeLogs", () => scopeLogs) });

const status: Message = message({ 2: scalar("message", "text"), 3: scalar("code", "uint32") });
const spanEvent: Message = message({
  1: scalar("timeUnixNano", "fixed64"),
  2: scalar("name", "text"),
  3: attributes,
});
const link: Message = message({
  1: scalar("traceId", "hex"),
  2: scalar("spanId", "hex"),
  3: scalar("traceState", "text"),
  4: attributes,
  6: scalar("flags", "fixed32"),
});
const span: Message = message({
  1: scalar("traceId", "hex"),
  2: scalar("spanId", "hex"),
  3: scalar("traceState", "text"),
  4: scalar("parentSpanId", "hex"),
  5: scalar("name", "text"),
  6: scalar("kind", "uint32"),
  7: scalar("startTimeUnixNano", "fixed64"),
  8: scalar("endTimeUnixNano", "fixed64"),
  9: attributes,
  11: many("events", () => spanEvent),
  13: many("links", () => link),
  15: one("status", () => status),
  16: scalar("flags", "fixed32"),
});
const scopeSpans: Message = message({ 1: one("scope", () => scope), 2: many("spans", () => span) });
const resourceSpans: Message = message({ 1: one("resource", () => resource), 2: many("scopeSpans", () => scopeSpans) });

export const exportLogs: Message = message({ 1: many("resourceLogs", () => resourceLogs) });
export const exportTraces: Message = message({ 1: many("resourceSpans", () => resourceSpans) });

export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
}

export interface Attribute {
  readonly key?: string;
  readonly value?: AnyValue;
}

export interface OtlpLogRecord {
  readonly body?: { readonly stringValue?: Buffer };
  readonly attributes?: readonly Attribute[];
  readonly eventName?: string;
}

export interface OtlpResourceLogs {
  readonly resource?: { readonly attributes?: readonly Attribute[] };
  readonly scopeLogs?: readonly {
    readonly scope?: { readonly name?: string };
    readonly logRecords?: readonly OtlpLogRecord[];
  }[];
}

export interface OtlpLogs {
  readonly resourceLogs?: readonly OtlpResourceLogs[];
}

export interface OtlpSpan {
  readonly traceId?: string;
  readonly spanId?: string;
}

export interface OtlpTraces {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Attribute[] };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans?: readonly OtlpSpan[];
    }[];
  }[];
}
