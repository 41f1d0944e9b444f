// What one session may keep in Weir (invariant 11): prepared statements with their texts, and open portals.
import type { Refusal } from "../policy/decision.ts";
import type { Core } from "./core.ts";

const STATEMENTS_MAX = 50_000;
const TEXT_BYTES_MAX = 128 * 1024 * 1024;
const PORTALS_MAX = 50_000;

/** null: one more statement of `bytes` may be prepared. */
export function tooManyStatements(core: Core, bytes: number): Refusal | null {
  core.preparedBytes += bytes;
  if (core.statements.size < STATEMENTS_MAX && core.preparedBytes <= TEXT_BYTES_MAX) return null;
  core.preparedBytes = bytes;
  for (const prepared of core.statements.values()) core.preparedBytes += prepared.text.length;
  if (core.statements.size < STATEMENTS_MAX && core.preparedBytes <= TEXT_BYTES_MAX) return null;
  return limit(
    `${core.statements.size} prepared statements with ${core.preparedBytes} bytes of text`,
    "Deallocate statements that are not used any more.",
  );
}

/** null: one more portal may be opened. */
export function tooManyPortals(core: Core): Refusal | null {
  return core.portals.size < PORTALS_MAX
    ? null
    : limit(`${core.portals.size} open portals`, "Close portals, or end the transaction.");
}

function limit(what: string, hint: string): Refusal {
  return {
    rule: { policy: "weir", rule: "session" },
    sqlstate: "53400",
    message: "weir: this session keeps too many statements or portals",
    detail: `It has ${what}.`,
    hint,
  };
}
