// Whether anything at all is decided for a principal on a database: asked at login, so that without rules no catalogue is loaded.
import type { Principal } from "../principal/principal.ts";
import { bindingsOf } from "./binding.ts";
import type { DatabaseName, Lifting, PolicySet, SessionContext } from "./rules.ts";

export interface Governed {
  /** Policies that match, those in Observe mode included. 0: every statement passes unchanged. */
  readonly policies: number;
  /** Some mask of an Enforce policy may concern this principal. */
  readonly masks: boolean;
  /** What those masks do where no column of the database has a class. */
  readonly lifting: Lifting;
  /** Policies in Observe mode match. */
  readonly observed: boolean;
  /** Some guard of an Enforce policy may. */
  readonly guards: boolean;
}

/** What only a statement can tell (`when`) counts as matching; so does the time when `nowMs` (Unix epoch) is not given. */
export function governs(
  set: PolicySet,
  database: DatabaseName,
  principal: Principal,
  session: SessionContext,
  nowMs?: number,
): Governed {
  const moment = nowMs === undefined ? {} : { nowMs };
  const { enforce, observe } = bindingsOf({ set, database, principal, session }, moment);
  return {
    policies: enforce.policies.length + (observe?.policies.length ?? 0),
    masks: enforce.masks !== null,
    lifting: enforce.masks?.lifting ?? "Refuse",
    observed: observe !== null,
    guards: enforce.guards.length > 0,
  };
}
