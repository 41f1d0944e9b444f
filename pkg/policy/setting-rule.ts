// Settings that keep analysis and masking true are pinned while a mask binds: changing one could make text mean something else than
// what was analysed, or make the server tell data in prose. Start-up options are judged by the same rule.
import type { SettingChange } from "../sql/facts.ts";

const on = ["on", "true", "yes", "1", "t", "y"];
const off = ["off", "false", "no", "0", "f", "n"];
/** Without 0, which as a duration or a size means "all". */
const silent = ["off", "false", "no", "none", "-1", "error", "fatal", "panic"];

interface Pin {
  readonly names: RegExp;
  /** Values that are harmless, in lower case. */
  readonly allowed: RegExp | readonly string[];
  readonly because: string;
}

const pins: readonly Pin[] = [
  {
    names: /^standard_conforming_strings$/,
    allowed: on,
    because: "text would mean something else than what was analysed",
  },
  {
    // Encodings whose second byte may be a quote or a backslash (SJIS, BIG5, GBK, UHC, JOHAB, GB18030) are not on the list.
    names: /^(client_encoding|names)$/,
    allowed:
      /^(utf-?8|unicode|sql_?ascii|latin-?([1-9]|10)|iso[-_]?8859[-_][0-9]{1,2}|win(dows-?)?(125[0-8]|866|874)|koi8[-_]?[ru]?|euc[-_]?(jp|kr|cn|tw))$/,
    because: "only encodings whose bytes cannot hide a quote are read reliably",
  },
  {
    names: /^client_min_messages$/,
    allowed: ["notice", "warning", "error", "fatal", "panic"],
    because: "messages below notice may hold data",
  },
  { names: /^session_replication_role$/, allowed: ["origin"], because: "it switches off triggers and constraints" },
  {
    names: /^backslash_quote$/,
    allowed: ["off", "false", "no", "0", "safe_encoding"],
    because: "text would mean something else than what was analysed",
  },
  {
    names: /^(debug_|trace_)/,
    allowed: off,
    because: "it makes the server tell what statements hold",
  },
  {
    names: /^(log_|auto_explain\.)/,
    allowed: silent,
    because: "it makes the server tell what statements hold",
  },
  {
    names: /_preload_libraries$|^dynamic_library_path$/,
    allowed: [],
    because: "it loads code that cannot be analysed",
  },
];

/** Why a masked principal may not make this change, or null when it may. RESET ALL and DISCARD ALL may: the pins are set again. */
export function pinnedBecause(change: SettingChange): string | null {
  const name = change.name.toLowerCase();
  const pin = pins.find((each) => each.names.test(name));
  if (pin === undefined) return null;
  const value =
    change.value
      ?.trim()
      .toLowerCase()
      .replace(/^'(.*)'$/, "$1") ?? null;
  const allowed =
    value !== null && (pin.allowed instanceof RegExp ? pin.allowed.test(value) : pin.allowed.includes(value));
  return allowed ? null : pin.because;
}
