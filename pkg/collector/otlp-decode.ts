// OTLP requests, protobuf or JSON, to plain data by the tables of otlp-schema.ts. Bounded by the request's bytes, the number of messages
// in it and how deep values nest; lengths are checked by the reader before anything is read.
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { Field, Message, OtlpLogs, OtlpTraces, Scalar } from "./otlp-schema.ts";
import { exportLogs, exportTraces } from "./otlp-schema.ts";

export type OtlpForm = "protobuf" | "json";

/** The request is not what it says it is; `message` names the place. */
export class NotOtlp extends Error {}

/** Values nest in lists of values; the messages above them are eight deep. */
const DEPTH_MAX = 24;
const MESSAGES_MAX = 200_000;

interface Bounds {
  messagesLeft: number;
}

/** @throws NotOtlp */
export function decodeLogs(bytes: Buffer, form: OtlpForm): OtlpLogs {
  return decode(exportLogs, bytes, form) as OtlpLogs;
}

/** @throws NotOtlp */
export function decodeTraces(bytes: Buffer, form: OtlpForm): OtlpTraces {
  return decode(exportTraces, bytes, form) as OtlpTraces;
}

function decode(message: Message, bytes: Buffer, form: OtlpForm): unknown {
  const bounds = { messagesLeft: MESSAGES_MAX };
  try {
    if (form === "protobuf") return fromBytes(message, bytes, DEPTH_MAX, bounds);
    return fromJson(message, JSON.parse(bytes.toString()), DEPTH_MAX, bounds);
  } catch (cause) {
    if (cause instanceof NotOtlp) throw cause;
    // What a parser says of its input may quote it.
    throw new NotOtlp(`the body is not OTLP as ${form === "json" ? "JSON" : "protobuf"}`);
  }
}

function enter(depthLeft: number, bounds: Bounds): void {
  if (depthLeft === 0) throw new NotOtlp(`values nest deeper than ${DEPTH_MAX}; send flat attributes`);
  if (bounds.messagesLeft-- === 0) throw new NotOtlp(`more than ${MESSAGES_MAX} messages in one request; send fewer`);
}

function fromBytes(message: Message, bytes: Uint8Array, depthLeft: number, bounds: Bounds): unknown {
  enter(depthLeft, bounds);
  const reader = new BinaryReader(bytes);
  const found: Record<string, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = message.get(number);
    if (field === undefined || wireType !== wireTypeOf(field)) reader.skip(wireType, number, 8);
    else if ("scalar" in field) found[field.name] = scalarFromBytes(reader, field.scalar);
    else put(found, field, fromBytes(field.message(), reader.bytes(), depthLeft - 1, bounds));
  }
  return found;
}

function put(found: Record<string, unknown>, field: Field & { readonly repeated: boolean }, value: unknown): void {
  const list = found[field.name] as unknown[] | undefined;
  if (field.repeated && list !== undefined) list.push(value);
  else found[field.name] = field.repeated ? [value] : value;
}

/** Protobuf's wire types: 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
const wireTypes: Readonly<Record<Scalar, number>> = {
  text: 2,
  exact: 2,
  base64: 2,
  hex: 2,
  int64: 0,
  uint32: 0,
  bool: 0,
  fixed64: 1,
  double: 1,
  fixed32: 5,
};

function wireTypeOf(field: Field): number {
  return "scalar" in field ? wireTypes[field.scalar] : 2;
}

function scalarFromBytes(reader: BinaryReader, kind: Scalar): unknown {
  switch (kind) {
    case "text":
      return reader.string(true);
    case "exact":
      return viewOf(reader.bytes());
    case "base64":
      return viewOf(reader.bytes()).toString("base64");
    case "hex":
      return viewOf(reader.bytes()).toString("hex");
    case "int64":
      return reader.int64().toString();
    case "fixed64":
      return reader.fixed64().toString();
    case "uint32":
      return reader.uint32();
    case "fixed32":
      return reader.fixed32();
    case "bool":
      return reader.bool();
    case "double":
      return reader.double();
    default:
      return kind satisfies never;
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fromJson(message: Message, value: unknown, depthLeft: number, bounds: Bounds): unknown {
  enter(depthLeft, bounds);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new NotOtlp("an object is expected");
  const given = value as Readonly<Record<string, unknown>>;
  const found: Record<string, unknown> = {};
  for (const field of message.values()) {
    const member = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
    if (member === undefined || member === null) continue;
    if ("scalar" in field) found[field.name] = scalarFromJson(field, member);
    else if (!field.repeated) found[field.name] = fromJson(field.message(), member, depthLeft - 1, bounds);
    else if (!Array.isArray(member)) throw new NotOtlp(`${field.name}: a list is expected`);
    else found[field.name] = member.map((item) => fromJson(field.message(), item, depthLeft - 1, bounds));
  }
  return found;
}

function scalarFromJson({ name, scalar }: Field & { readonly scalar: Scalar }, value: unknown): unknown {
  const fits = (test: boolean) => {
    if (!test) throw new NotOtlp(`${name}: does not fit; write it as OTLP's JSON does`);
    return value;
  };
  switch (scalar) {
    case "exact":
      fits(typeof value === "string" && value.isWellFormed());
      return Buffer.from(value as string);
    case "text":
    case "base64":
      return fits(typeof value === "string");
    case "hex":
      return String(fits(typeof value === "string" && /^[0-9a-fA-F]*$/.test(value))).toLowerCase();
    case "int64":
    case "fixed64":
      return String(fits(/^-?[0-9]{1,20}$/.test(String(value))));
    case "uint32":
    case "fixed32":
      return fits(Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff);
    case "bool":
      return fits(typeof value === "boolean");
    case "double":
      return fits(typeof value === "number");
    default:
      return scalar satisfies never;
  }
}
