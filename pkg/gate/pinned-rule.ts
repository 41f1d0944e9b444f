// What must not run where settings are pinned: what would change one, and what nobody has read, which may. Code that is in the database
// already and only fires (triggers, defaults, policies) is its owner's; bringing more of it is refused.
import { rulesOf } from "../policy/database-rules.ts";
import type { Refusal } from "../policy/decision.ts";
import { unreadCode } from "../policy/unread-code.ts";
import type { Facts, SettingChange, Understood } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import { isPinned, type Pinned } from "./pinned-settings.ts";

/** null: it leaves alone what is pinned. */
export function refusedWherePinned(core: Core, facts: Facts): Refusal | null {
  const pinned = core.session?.pinned;
  if (pinned === undefined) return null;
  if (!facts.understood) return refusal(`it is not known what the statement does: ${facts.why}`, ELSEWHERE);
  if (facts.own !== undefined) return null;
  const change = facts.settings.find((each) => changesPinned(pinned, facts, each));
  if (change !== undefined) return refusedChange(change);
  if (facts.writes.some(({ relation }) => relation.schema === "pg_catalog" && relation.name === "pg_settings"))
    return refusal("the statement changes settings through pg_settings", ELSEWHERE);
  if (bringsCode(facts)) return refusal(`${facts.kind} leaves code that runs later`, ELSEWHERE);
  return runsCode(core, facts);
}

/** RESET ALL and DISCARD ALL are undone behind them; what is kept for later sessions is set over when they begin. */
const undoneBehind: ReadonlySet<string> = new Set(["RESET", "DISCARD", "ALTER ROLE", "ALTER DATABASE", "ALTER SYSTEM"]);

function changesPinned(pinned: Pinned, { kind }: Understood, { name }: SettingChange): boolean {
  return name === "*" ? !undoneBehind.has(kind) : isPinned(pinned, name);
}

/** A function's own SET clause changes settings wherever it is called. */
const definitions: ReadonlySet<string> = new Set([
  "ALTER FUNCTION",
  "CREATE AGGREGATE",
  "CREATE CAST",
  "CREATE OPERATOR",
  "CREATE OPERATOR CLASS",
  "CREATE EVENT TRIGGER",
  "ALTER EVENT TRIGGER",
]);

function bringsCode({ kind, flows }: Understood): boolean {
  return definitions.has(kind) || flows.some(({ to }) => to === "code");
}

function runsCode(core: Core, facts: Understood): Refusal | null {
  const { policies } = rulesOf(core.policies, core.standing.database);
  const left = policies.reduce<readonly string[]>(
    (unread, policy) => unread.filter((name) => unreadCode(facts, policy).includes(name)),
    unreadCode(facts, vouchesForNone),
  );
  if (left.length === 0) return null;
  const hint = `Leave it out, or have a policy of this database list it under functions.safe.`;
  return refusal(`nobody has read what ${left.slice(0, 5).join(", ")} does`, hint);
}

const vouchesForNone = { safeFunctions: new Set<string>() };

function refusedChange({ name }: SettingChange): Refusal {
  if (name === "*")
    return refusal("the name of the setting is no constant, so it may be any", "Write the name as a constant.");
  return {
    ...refusal("", ""),
    message: `weir: the setting "${name}" is pinned on this database`,
    detail: "Weir sets it for as long as the session lives, so that the database knows who asks.",
    hint: "Leave the statement out; SHOW weir.principal tells who asks.",
  };
}

const ELSEWHERE =
  "Run it over a GovernedDatabase on which nothing is pinned (upstreamSessions in Weir's configuration).";

function refusal(why: string, hint: string): Refusal {
  return {
    rule: { policy: "weir", rule: "pinned" },
    sqlstate: "42501",
    message: "weir: the statement may change what is pinned on this database",
    detail: `Role or settings are pinned, and ${why}.`,
    hint,
  };
}
