// Before the login: whether this principal may begin a session with the settings that the start-up packet asks for (rule R13).
import { decide } from "../policy/decide.ts";
import type { Refusal } from "../policy/decision.ts";
import { governs } from "../policy/governs.ts";
import type { PolicySet, SessionContext } from "../policy/rules.ts";
import type { Principal } from "../principal/principal.ts";
import type { Understood } from "../sql/facts.ts";
import { isPinned, type Pinned } from "./pinned-settings.ts";

export interface StartupAsk {
  readonly set: PolicySet;
  /** `namespace/name`. */
  readonly database: string;
  readonly principal: Principal;
  readonly session: SessionContext;
  readonly nowMs: number;
  readonly replication: boolean;
  /** Settings of the packet and of its `options`, names in lower case. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** The packet's `options` hold something other than settings. */
  readonly switches: boolean;
  readonly pinned: Pinned | null;
}

/** Whether any mask may concern this principal here. */
export function underMask(set: PolicySet, database: string, principal: Principal, session: SessionContext): boolean {
  const [namespace = "", name = ""] = database.split("/");
  return governs(set, { namespace, name }, principal, session).masks;
}

/** Whether any rule concerns this principal here. */
export function isUnderRules(set: PolicySet, database: string, principal: Principal, session: SessionContext): boolean {
  const [namespace = "", name = ""] = database.split("/");
  return principal.grants !== undefined || governs(set, { namespace, name }, principal, session).policies > 0;
}

/** null: the login may begin. */
export function refusedAtStartup(ask: StartupAsk): Refusal | null {
  if (ask.settings.some((setting) => setting.name === "weir.identity")) return identityAtStartup;
  const pinned = ask.pinned === null ? null : refusedWherePinned(ask, ask.pinned);
  if (pinned !== null) return pinned;
  const [namespace = "", name = ""] = ask.database.split("/");
  const database = { namespace, name };
  const governed = governs(ask.set, database, ask.principal, ask.session);
  if (governed.policies === 0 && ask.principal.grants === undefined) return null;
  if (ask.replication) return noReplication;
  if (ask.switches && governed.masks) return unknownSwitches;
  const decision = decide({
    set: ask.set,
    database,
    principal: ask.principal,
    session: ask.session,
    nowMs: ask.nowMs,
    facts: settingFacts(ask.settings),
    book: null,
    alone: true,
    auditWritable: true,
  });
  return decision.verdict === "refuse" ? decision.refusal : null;
}

/** What a client calls itself is sent by nearly every one, and is replaced. */
function refusedWherePinned({ settings, replication }: StartupAsk, pinned: Pinned): Refusal | null {
  if (replication) return noReplication;
  const asked = settings.find(({ name }) => name !== "application_name" && isPinned(pinned, name));
  return asked === undefined ? null : pinnedAtStartup(asked.name);
}

const pinnedAtStartup = (name: string): Refusal => ({
  rule: { policy: "weir", rule: "pinned" },
  sqlstate: "42501",
  message: `weir: the start-up options ask for "${name}", which is pinned on this database`,
  detail: "Nothing was sent to the database.",
  hint: "Leave the setting out of the connection's options.",
});

/** Start-up settings are judged as SET is, without the effect that a guard on SET itself would see. */
function settingFacts(settings: StartupAsk["settings"]): Understood {
  return {
    understood: true,
    kind: "SET",
    effects: [],
    relations: [],
    functions: [],
    writes: [],
    outputs: null,
    predicates: [],
    flows: [],
    settings: settings.map((setting) => ({ ...setting, scope: "session" })),
    takesSnapshot: false,
    changesCatalog: false,
    changesResolution: false,
  };
}

const identityAtStartup: Refusal = {
  rule: { policy: "weir", rule: "identity" },
  sqlstate: "42501",
  message: "weir: weir.identity cannot be set by the start-up options, because the token would reach the database",
  detail: "Nothing was sent to the database.",
  hint: "Log in with the token as the password, or set weir.identity by a statement.",
};

const noReplication: Refusal = {
  rule: { policy: "weir", rule: "replication" },
  sqlstate: "42501",
  message: "weir: a replication connection cannot be governed, and rules apply to this login",
  detail: "Replication streams whole tables; nothing in it can be masked or decided.",
  hint: "Connect replicas to the database itself, or with a login that no policy concerns.",
};

const unknownSwitches: Refusal = {
  rule: { policy: "weir", rule: "setting" },
  sqlstate: "42501",
  message: "weir: the start-up options hold more than settings, and a mask applies to this login",
  detail: "Only -c name=value and --name=value can be judged.",
  hint: "Leave other switches out of the connection's options.",
};
