// JSON strings: reading their escapes and writing them again (RFC 8259).
import type { RowSink } from "./row-sink.ts";

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;

/** Index after the string that begins at `start`, -1 when it does not end before `end`. */
export function stringEnd(source: Buffer, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) {
    const byte = source[i];
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) i++;
  }
  return -1;
}

/** The text of the string source[start, end), quotes included; undefined when its escapes are wrong. */
export function stringText(source: Buffer, start: number, end: number): string | undefined {
  const inner = source.subarray(start + 1, end - 1);
  if (!inner.includes(BACKSLASH)) return inner.toString("utf8");
  try {
    const value: unknown = JSON.parse(source.toString("utf8", start, end));
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Appends `text` as a JSON string. */
export function writeString(text: string, sink: RowSink): void {
  sink.writeUtf8(JSON.stringify(text));
}
