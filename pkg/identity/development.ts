// Identities without any proof, for the demo and for development, when the configuration asks for them: whoever knows the name has it.
// Their issuer and their assurance (L0) say so in every record and to every policy.
import { lasting } from "../principal/identity.ts";
import type { Principal, PrincipalKind } from "../principal/principal.ts";
import { refusedToken } from "./refused-token.ts";
import type { Verifier } from "./verifier.ts";

export const DEVELOPMENT = "weir-dev.";

export interface DevelopmentIdentity {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly groups: readonly string[];
}

/** `weir-dev.NAME` counts as the identity of that name; everything else goes to `verifier`, where there is one. */
export function withDevelopment(
  identities: Readonly<Record<string, DevelopmentIdentity>>,
  verifier: Verifier | null,
): Verifier {
  return {
    async verify(token) {
      if (!token.startsWith(DEVELOPMENT)) return verifier?.verify(token) ?? refusedToken("issuer");
      const name = token.slice(DEVELOPMENT.length);
      const found = Object.hasOwn(identities, name) ? identities[name] : undefined;
      if (found === undefined) return refusedToken("issuer");
      const principal: Principal = { ...found, issuer: "development", assurance: "L0", login: "" };
      const unlimited = { expiresAtMs: Number.POSITIVE_INFINITY, issuedAtMs: null, nonce: null, tokenId: null };
      return { ok: true, identity: lasting(principal), principal, bound: true, ...unlimited };
    },
    useUp: (verified) => verifier?.useUp(verified) ?? refusedToken("claims"),
  };
}
