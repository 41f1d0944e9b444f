// Who a login is, by what proved it.
import { atLogin, type Identity, type Lapse, lasting } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import type { Admission } from "./login-options.ts";
import type { Proof } from "./proof.ts";

/** `identify`: the same object for the same login. */
export function identityOf(
  login: string,
  proof: Proof,
  identify: (login: string, proof: Proof) => Principal,
): Identity {
  if (proof.by === "token") return atLogin(proof.identity, login);
  if (proof.by === "certificate" && proof.principal !== null) return lasting(proof.principal);
  return lasting(identify(login, proof));
}

export function lapsed({ message, hint }: Lapse): Admission {
  return { admit: false, sqlstate: "28000", message: `weir: ${message}`, hint };
}
