// Server message types as replies, by their type byte. Source: "Message Formats", PostgreSQL manual.
import type { Reply } from "./owed.ts";

const byLetter: Readonly<Record<string, Reply>> = {
  "1": "parseComplete",
  "2": "bindComplete",
  "3": "closeComplete",
  t: "parameterDescription",
  T: "rowDescription",
  n: "noData",
  D: "dataRow",
  C: "commandComplete",
  I: "emptyQuery",
  s: "portalSuspended",
  G: "copyIn",
  H: "copyOut",
  W: "copyBoth",
  d: "copyData",
  c: "copyDone",
  V: "functionResult",
  E: "error",
  Z: "ready",
};

const table: (Reply | null)[] = Array.from({ length: 256 }, (_, code) => byLetter[String.fromCharCode(code)] ?? null);

/** null: the message answers nothing (notice, notification, parameter status, start-up messages). */
export function replyOf(type: number): Reply | null {
  return table[type] ?? null;
}
