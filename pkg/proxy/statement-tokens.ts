// Tokens that statements of one session give (`SET weir.identity`). A token that anyone could have copied counts for nobody: it must be
// signed for this very session, once and for a short time, or name the workload that the session belongs to.

import type { Identified } from "../gate/identified.ts";
import { type RefusedToken, refusedToken } from "../identity/refused-token.ts";
import type { VerifiedToken, Verifier } from "../identity/verifier.ts";
import { atLogin } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";

export interface TokenSession {
  readonly nonce: string;
  /** Who logged in. */
  readonly principal: Principal;
  readonly nowMs: () => number;
}

/** How long a token may live that is signed for one statement, clocks' difference included. */
const ONCE_MS_MAX = 120_000;

const noIssuer: Identified = {
  ok: false,
  reason: "issuer",
  message: "no issuer of tokens is configured here",
  hint: "Set identity.issuers in Weir's configuration.",
};

export function statementTokens(
  verifier: Verifier | null,
  session: TokenSession,
): (token: string) => Promise<Identified> {
  if (verifier === null) return () => Promise.resolve(noIssuer);
  return async (token) => {
    const verified = await verifier.verify(token);
    if (!verified.ok) return verified;
    const refused = isBound(verified, session, verifier);
    if (refused !== null) return refused;
    const { principal } = session;
    return { ok: true, identity: atLogin(verified.identity, principal.login, raised(verified.principal, principal)) };
  };
}

/** null: the token belongs here. */
function isBound(verified: VerifiedToken, session: TokenSession, verifier: Verifier): RefusedToken | null {
  if (verified.bound === true) return null;
  if (verified.nonce === null)
    return namesWorkload(verified.principal, session.principal) ? null : refusedToken("bearer");
  if (verified.nonce !== session.nonce) return refusedToken("nonce");
  if (verified.expiresAtMs - session.nowMs() > ONCE_MS_MAX) return refusedToken("lifetime");
  return verifier.useUp(verified);
}

/** `azp` names the client that the token was issued to, `act` who acts with it. */
function namesWorkload(bearer: Principal, session: Principal): boolean {
  const named = [bearer.client, ...(bearer.actingFor === undefined ? [] : [bearer.name])];
  const own = [session.name, session.serviceAccount, session.client];
  return named.some((name) => name !== undefined && own.includes(name));
}

/** A signed delegation to a workload that is attested itself is L3. */
function raised(bearer: Principal, session: Principal): "L3" | undefined {
  const isDelegated = bearer.actingFor !== undefined && [session.name, session.serviceAccount].includes(bearer.name);
  return isDelegated && session.assurance !== "L0" ? "L3" : undefined;
}
