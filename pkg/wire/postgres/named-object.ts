// What Describe and Close share: 'S' or 'P' and the name of a prepared statement or portal.
import { BodyReader } from "./body-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { WireError } from "./wire-error.ts";

export interface NamedObject {
  /** S: prepared statement, P: portal. */
  readonly target: "S" | "P";
  /** "" is the unnamed one. Latin1. */
  readonly name: string;
}

const STATEMENT = 0x53;
const PORTAL = 0x50;

export function decodeNamedObject(bytes: Buffer, message: string, from: number): NamedObject {
  const reader = new BodyReader(bytes, message, from);
  const code = reader.uint8();
  if (code !== STATEMENT && code !== PORTAL)
    throw new WireError(`message ${message} names neither a statement nor a portal`);
  const target = code === STATEMENT ? "S" : "P";
  const name = reader.name();
  reader.end();
  return { target, name };
}

export function encodeNamedObject(type: "D" | "C", target: "S" | "P", name: string): Buffer {
  return new FrameWriter(type).uint8(target.charCodeAt(0)).name(name).finish();
}
