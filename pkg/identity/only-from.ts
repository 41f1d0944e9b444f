// The same tokens, of some issuers only: what another one says of its people counts for nothing where these alone are trusted.
import type { Principal } from "../principal/principal.ts";
import { refusedToken } from "./refused-token.ts";
import type { Verifier } from "./verifier.ts";

/** `issuers`: as tokens name them. Everybody in a chain of delegation must come from one of them. */
export function onlyFrom(verifier: Verifier, issuers: readonly string[]): Verifier {
  return {
    async verify(token) {
      const found = await verifier.verify(token);
      return !found.ok || comesFrom(found.principal, issuers) ? found : refusedToken("issuer");
    },
    useUp: (verified) => verifier.useUp(verified),
  };
}

function comesFrom(principal: Principal, issuers: readonly string[]): boolean {
  for (let each: Principal | undefined = principal; each !== undefined; each = each.actingFor)
    if (!issuers.includes(each.issuer)) return false;
  return true;
}
