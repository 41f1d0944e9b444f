// Who a record speaks of, as OCSF spells it, and the parts of it that OCSF has no place for.
import type { Principal, PrincipalKind } from "../principal/principal.ts";
import { boundedClaim, boundedName } from "./bounded-text.ts";
import { canonicalJson } from "./canonical-json.ts";

const GROUPS_MAX = 64;
const DELEGATION_MAX = 8;

/** OCSF user types: 1 user, 4 service, 99 other. */
const userTypes: Readonly<Record<PrincipalKind, number>> = { Human: 1, Service: 4, Agent: 99 };

/** The OCSF `user`: its uid is the issuer and the name, which only together are unique. */
export function userOf(principal: Principal | null): unknown {
  if (principal === null) return { name: "unknown", type_id: 0 };
  const name = boundedName(principal.name);
  return {
    account: { name: boundedName(principal.login) },
    name,
    type: principal.kind,
    type_id: userTypes[principal.kind],
    uid: `${boundedName(principal.issuer)}/${name}`,
  };
}

/** What `userOf` has no place for: how well the principal is verified, what it belongs to and for whom it acts. */
export function whoOf(principal: Principal | null): unknown {
  if (principal === null) return null;
  return {
    acting_for: delegators(principal),
    assurance: principal.assurance,
    client: optionalName(principal.client),
    groups: principal.groups.slice(0, GROUPS_MAX).map(boundedName),
    groups_omitted: Math.max(0, principal.groups.length - GROUPS_MAX) || undefined,
    service_account: optionalName(principal.serviceAccount),
  };
}

/** Those on whose behalf the principal acts, nearest first; undefined for one that acts for itself. */
function delegators(principal: Principal): unknown[] | undefined {
  const chain: unknown[] = [];
  for (let next = principal.actingFor; next !== undefined && chain.length <= DELEGATION_MAX; next = next.actingFor) {
    const more = chain.length === DELEGATION_MAX;
    chain.push(more ? { omitted: "further delegation" } : { assurance: next.assurance, user: userOf(next) });
  }
  return chain.length === 0 ? undefined : chain;
}

function optionalName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : boundedName(name);
}

/** `10.0.0.5:4321`, `[::1]:5432`, or anything else as a name. */
export function endpointOf(address: string): unknown {
  const match = /^(?:\[([0-9a-f:.%]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d{1,5})$/i.exec(address);
  if (match === null) return { name: boundedName(address) || "unknown" };
  return { ip: match[1] ?? match[2], port: Number(match[3]) };
}

/** What the client says of itself and nothing vouches for. */
export function claimsJson(application: string | null, database: string | null): string {
  return canonicalJson({
    ...(application !== null && { application: boundedClaim(application) }),
    ...(database !== null && { database: boundedClaim(database) }),
  });
}
