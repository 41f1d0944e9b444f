// ErrorResponse and NoticeResponse on their way to the client: ours in the place of a stand-in's, scrubbed under a mask, else as
// the server wrote them (docs/design.md section 5, rule R12).
import type { Refusal, Warning } from "../policy/decision.ts";
import { decodeErrorFields, encodeError, encodeNotice } from "../wire/postgres/error-fields.ts";
import type { StandIn } from "./model.ts";

/** Text of ours in a client encoding that may lack its letters: then ASCII. */
function inEncoding(text: string, utf8: boolean): string {
  return utf8 ? text : text.replace(/[^\x20-\x7e]/g, "?");
}

/** The refusal as an ordinary database error. */
export function refusalError(refusal: Refusal, utf8: boolean): Buffer {
  const fields: [string, string][] = [
    ["S", "ERROR"],
    ["V", "ERROR"],
    ["C", refusal.sqlstate],
    ["M", inEncoding(refusal.message, utf8)],
  ];
  if (refusal.detail !== "") fields.push(["D", inEncoding(refusal.detail, utf8)]);
  if (refusal.hint !== "") fields.push(["H", inEncoding(refusal.hint, utf8)]);
  fields.push(["R", "weir"]);
  return encodeError(fields);
}

export function warningNotice(warning: Warning, utf8: boolean): Buffer {
  const message = inEncoding(`weir: ${warning.message} (${warning.rule.policy}, rule ${warning.rule.rule})`, utf8);
  return encodeNotice([
    ["S", "WARNING"],
    ["V", "WARNING"],
    ["C", "01000"],
    ["M", message],
    ["R", "weir"],
  ]);
}

/** Whether this ErrorResponse is the server's answer to our stand-in, by SQLSTATE and name; the position is the caller's to know. */
export function answersStandIn(fields: ReadonlyMap<string, string>, standIn: StandIn): boolean {
  if (fields.get("C") !== standIn.sqlstate) return false;
  return standIn.marker === null || (fields.get("M") ?? "").includes(standIn.marker);
}

export function standInError(fields: ReadonlyMap<string, string>, standIn: StandIn, utf8: boolean): Buffer {
  if (standIn.tell.say === "refusal") return refusalError(standIn.tell.refusal, utf8);
  const message = (fields.get("M") ?? "").replace(standIn.marker ?? "", standIn.tell.name);
  return encodeError(
    [...fields].map(([key, value]) => [key, key === "M" ? message : value] as const),
    "latin1",
  );
}

/** The server's error about a statement that stands `movedBy` characters further back than in the client's text. */
export function movedError(fields: ReadonlyMap<string, string>, movedBy: number): Buffer {
  const entries = [...fields].map(
    ([key, value]) => [key, key === "P" ? String(Number(value) - movedBy) : value] as const,
  );
  return encodeError(entries, "latin1");
}

/** Severity and SQLSTATE stay; everything the server said in prose goes. */
export function scrubbedError(body: Buffer): Buffer {
  const fields = decodeErrorFields(body);
  return encodeError([
    ...scrubbed(fields, "the server's error text is withheld, because the statement touches protected columns"),
    [
      "D",
      "Errors may quote stored values, and columns of this database are masked for you. The SQLSTATE is the server's own.",
    ],
    ["H", "Have somebody whose data is not masked run it, or look into the server's log."],
    ["R", "weir"],
  ]);
}

export function scrubbedNotice(body: Buffer): Buffer {
  return encodeNotice(
    scrubbed(
      decodeErrorFields(body),
      "a notice of the server is withheld, because the statement touches protected columns",
    ),
  );
}

function scrubbed(fields: ReadonlyMap<string, string>, text: string): [string, string][] {
  const severity = fields.get("S") ?? "ERROR";
  return [
    ["S", severity],
    ["V", fields.get("V") ?? severity],
    ["C", fields.get("C") ?? "XX000"],
    ["M", `weir: ${text}`],
  ];
}

/** SQLSTATE classes of what a server says about a login itself: authorisation, database, resources, operator. */
const LOGIN_CLASSES = new Set(["28", "3D", "53", "57"]);

/**
 * A notice or error before the first ReadyForQuery, for a principal under a mask: a login trigger may have raised it, over any
 * data. Only what the server says of the login itself, and not from inside a function, passes.
 */
export function loginText(frame: Buffer): Buffer | null {
  if (frame[0] !== 0x45) return null;
  const fields = decodeErrorFields(frame.subarray(5));
  const ofLogin = LOGIN_CLASSES.has((fields.get("C") ?? "").slice(0, 2)) && !fields.has("W") && !fields.has("q");
  return ofLogin ? frame : scrubbedError(frame.subarray(5));
}
