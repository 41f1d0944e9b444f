// Who opened a cursor or portal, where the database is told who asks: its row-level security has let through what that one may see, and
// some of the rows may be read already.
import type { Refusal } from "../policy/decision.ts";
import type { Facts } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { Portal } from "./model.ts";
import { wireName } from "./wire-name.ts";

/** null: it fetches from none that somebody else has opened. */
export function refusedCursor(core: Core, facts: Facts): Refusal | null {
  if (core.session?.pinned.identity !== true || !facts.understood) return null;
  const { name } = facts;
  if (name?.do !== "fetch" && name?.do !== "move") return null;
  return refusedPortal(core, core.portals.get(wireName(name.name)));
}

export function refusedPortal({ session, who }: Core, portal: Portal | undefined): Refusal | null {
  if (session?.pinned.identity !== true || portal === undefined || portal.asker === who.principal) return null;
  return JSON.stringify(portal.asker) === JSON.stringify(who.principal) ? null : cursorOfAnother;
}

const cursorOfAnother: Refusal = {
  rule: { policy: "weir", rule: "identity" },
  sqlstate: "42501",
  message: "weir: the cursor was opened by another identity of this session",
  detail: "The database's row-level security let through for it what the other one may see.",
  hint: "Open it anew.",
};
