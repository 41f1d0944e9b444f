// Texts that the server may read otherwise than our grammar does (rule R1).
import type { Resolution } from "../catalog/snapshot.ts";

/** Encodings in which every byte below 128 is ASCII wherever it stands, as they are named by `client_encoding`. */
const unsafeEncodings = new Set(["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"]);

/** Whether a byte below 128 may be part of a longer character. */
export function hidesAscii(encoding: string): boolean {
  return unsafeEncodings.has(encoding.toUpperCase());
}

/** Why a text cannot be read safely; null when it can. */
export function whyUnsafe(text: string, resolution: Resolution | null): string | null {
  if (resolution === null) return null;
  // Only a backslash reads differently, and only inside a string.
  if (!resolution.standardConformingStrings && text.includes("\\"))
    return "backslash while standard_conforming_strings is off";
  if (hidesAscii(resolution.clientEncoding) && !isAscii(text)) return "client encoding that cannot be followed";
  return null;
}

function isAscii(text: string): boolean {
  for (let position = 0; position < text.length; position++) if (text.charCodeAt(position) > 127) return false;
  return true;
}
