// Small questions about data from outside, each answered for good.
import { isUtf8 } from "node:buffer";
import { canonicalJson } from "../audit/canonical-json.ts";

const TEXT_MAX = 1024;

export function parsedObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= TEXT_MAX && value.isWellFormed();
}

/** The text of bytes; null when they are no UTF-8, so that no two spellings give one text. */
export function textOf(bytes: Uint8Array): string | null {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : null;
}

/** An object in the one spelling that it has (RFC 8785); null for anything else. */
export function canonicalObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = textOf(bytes);
  const value = text === null ? null : parsedObject(text);
  try {
    return value !== null && canonicalJson(value) === text ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

/** A number of records or the like. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/** The end of the year 9999: what is later is no date that every calendar can write. */
export const TIME_MAX = 253_402_300_799_999;

/** Milliseconds since the epoch. */
export function isTime(value: unknown): value is number {
  return isWhole(value) && value <= TIME_MAX;
}
