// A principal for as long as the proof of it holds. What was verified once is asked again in front of each statement.
import type { Assurance, Principal } from "./principal.ts";

/** Why a proof counts no more. Texts hold no token and no secret. */
export interface Lapse {
  readonly reason: "expired" | "revoked" | "keyWithdrawn" | "sessionAge";
  readonly message: string;
  readonly hint: string;
}

export type Standing =
  | { readonly holds: true; readonly principal: Principal }
  | { readonly holds: false; readonly lapse: Lapse };

export interface Identity {
  /** It rests on no proof that can run out, so that it need not be asked again. */
  readonly lasts?: true;
  /** The same object for as long as nothing has changed. */
  at(nowMs: number): Standing;
}

/** What rests on no proof that can run out. */
export function lasting(principal: Principal): Identity {
  const standing: Standing = { holds: true, principal };
  return { lasts: true, at: () => standing };
}

/** The same identity, at this database login; `assurance`: what it amounts to there, when that is more than its own. */
export function atLogin(identity: Identity, login: string, assurance?: Assurance): Identity {
  let of: Standing | null = null;
  let known: Standing | null = null;
  return {
    at(nowMs) {
      const standing = identity.at(nowMs);
      if (standing !== of || known === null) {
        of = standing;
        const raised = assurance === undefined ? {} : { assurance };
        known = standing.holds ? { holds: true, principal: { ...standing.principal, login, ...raised } } : standing;
      }
      return known;
    },
  };
}

const tooOld: Standing = {
  holds: false,
  lapse: {
    reason: "sessionAge",
    message: "this session has reached its greatest age",
    hint: "Connect again.",
  },
};

/** The same identity, until `endMs` at most. */
export function until(identity: Identity, endMs: number): Identity {
  return { at: (nowMs) => (nowMs < endMs ? identity.at(nowMs) : tooOld) };
}
