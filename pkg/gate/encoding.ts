// The server converts what it sends into client_encoding before Weir sees it. Where a byte below 128 may be part of a longer character,
// delimiters and quotes cannot be found in rows, and where a character may be missing in the encoding, the conversion fails by the value.
import type { Allow, Refusal } from "../policy/decision.ts";
import type { Statement } from "../sql/facts.ts";
import { hidesAscii } from "../sql/safe-text.ts";
import type { Core } from "./core.ts";

/** Why a statement that shows protected columns is refused under the session's encoding; null when it is not. */
export function encodingRefusal(core: Core, { facts }: Statement, decision: Allow): Refusal | null {
  const { columns } = decision.masks;
  if (columns === null || columns.every((column) => column === null)) return null;
  const { parameters } = core.options;
  const encoding = (facts.understood ? facts.copy?.encoding : null) ?? parameters.get("client_encoding") ?? "UTF8";
  if (hidesAscii(encoding)) return refusal(encoding, "rows cannot be read reliably in it");
  if (holdsAll(encoding, parameters.get("server_encoding"))) return null;
  const derives = columns.some((column) => column?.apply === "default");
  return derives ? refusal(encoding, "whether a value can be written in it would reveal the value") : null;
}

function holdsAll(encoding: string, server: string | undefined): boolean {
  return /^(utf-?8|unicode|sql_?ascii)$/i.test(encoding) || encoding.toUpperCase() === server?.toUpperCase();
}

function refusal(encoding: string, because: string): Refusal {
  return {
    rule: { policy: "weir", rule: "setting" },
    sqlstate: "42501",
    message: `protected columns are not shown in client encoding ${encoding}`,
    detail: `The server converts values before they are masked, and ${because}.`,
    hint: "Send SET client_encoding = 'UTF8' first.",
  };
}
