// Who a database login is, by the static map of the configuration: claimed, not verified (assurance L0).
import type { Principal } from "../../pkg/principal/principal.ts";
import type { StaticIdentity } from "./parse-value.ts";

/** Strangers remembered; beyond it all are forgotten. */
const KEPT_MAX = 10_000;

/** The same login gives the same object while it is remembered, so that what is derived from it can be kept by identity. */
export function identifyBy(identities: Readonly<Record<string, StaticIdentity>>): (login: string) => Principal {
  const known = new Map<string, Principal>();
  return (login) => {
    const found = known.get(login);
    if (found !== undefined) return found;
    if (known.size >= KEPT_MAX) known.clear();
    const principal = principalOf(login, Object.hasOwn(identities, login) ? identities[login] : undefined);
    known.set(login, principal);
    return principal;
  };
}

/** A login that is not listed is a Service of that name. */
function principalOf(login: string, identity: StaticIdentity | undefined): Principal {
  const { kind, name, groups } = identity ?? { kind: "Service", name: login, groups: [] };
  return { kind, name, groups, login, issuer: "configuration", assurance: "L0" };
}
