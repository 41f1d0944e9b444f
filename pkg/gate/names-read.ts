// Which statements and cursors of the session an analysis looked at by name (EXECUTE, FETCH), and whether the names still mean them.
import type { Facts } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { Portal, Prepared } from "./model.ts";

export interface NamesRead {
  readonly statements: Map<string, Prepared | undefined>;
  readonly portals: Map<string, Portal | undefined>;
}

/** EXECUTE of a statement that is itself an EXECUTE, and so on. */
export const NAMES_DEEP_MAX = 8;

/** Such facts are kept by no cache, so they belong to one session. */
const readFor = new WeakMap<Facts, NamesRead>();

export function rememberNames(facts: Facts, read: NamesRead): void {
  readFor.set(facts, read);
}

/** False when a name that the analysis looked at is another's now, so that what runs may be something else. */
export function namesStand(core: Core, facts: Facts | undefined, deep = 0): boolean {
  const read = facts === undefined ? undefined : readFor.get(facts);
  if (read === undefined) return true;
  if (deep >= NAMES_DEEP_MAX) return false;
  for (const [name, prepared] of read.statements) {
    if (core.statements.get(name) !== prepared) return false;
    if (!namesStand(core, prepared?.judged?.statement.facts, deep + 1)) return false;
  }
  for (const [name, portal] of read.portals) {
    if (core.portals.get(name) !== portal) return false;
    if (!namesStand(core, portal?.judged?.statement.facts, deep + 1)) return false;
  }
  return true;
}
