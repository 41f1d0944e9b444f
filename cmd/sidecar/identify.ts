// Who a database login is, by the static map of the configuration: claimed, not verified (assurance L0), but for what a client
// certificate proves (L2), and that whoever reaches a loopback address of the pod is its workload, for which the operator vouches (L1).
import type { Principal } from "../../pkg/principal/principal.ts";
import type { Proof } from "../../pkg/proxy/proof.ts";
import type { StaticIdentity } from "./parse-value.ts";

/** Strangers remembered; beyond it all are forgotten. */
const KEPT_MAX = 10_000;

/** The same login gives the same object while it is remembered, so that what is derived from it can be kept by identity. */
export function identifyBy(
  identities: Readonly<Record<string, StaticIdentity>>,
  attested: () => string | null = () => null,
): (login: string, proof?: Proof) => Principal {
  const known = new Map<string, Principal>();
  return (login, proof) => {
    const account = isLocal(proof) ? attested() : null;
    const assurance = proof?.by === "certificate" ? "L2" : account === null ? "L0" : "L1";
    const key = `${assurance} ${account} ${login}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= KEPT_MAX) known.clear();
    const listed = Object.hasOwn(identities, login) ? identities[login] : undefined;
    const workload = account === null ? {} : { serviceAccount: account };
    const principal: Principal = { ...principalOf(login, listed), assurance, ...workload };
    known.set(key, principal);
    return principal;
  };
}

function isLocal(proof: Proof | undefined): boolean {
  return proof?.by === "loopback" || (proof?.by === "password" && proof.local);
}

/** A login that is not listed is a Service of that name. */
function principalOf(login: string, identity: StaticIdentity | undefined): Principal {
  const { kind, name, groups } = identity ?? { kind: "Service", name: login, groups: [] };
  return { kind, name, groups, login, issuer: "configuration", assurance: "L0" };
}
