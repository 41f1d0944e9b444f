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

/** How well the principal is verified, what it belongs to and for whom it acts. Delegation beyond `DELEGATION_MAX` is counted only. */
export function whoOf(principal: Principal | null, depth = 0): unknown {
  if (principal === null) return null;
  return {
    acting_for: principal.actingFor === undefined ? undefined : actingFor(principal.actingFor, depth + 1),
    assurance: principal.assurance,
    client: optionalName(principal.client),
    groups: principal.groups.slice(0, GROUPS_MAX).map(boundedName),
    groups_omitted: Math.max(0, principal.groups.length - GROUPS_MAX) || undefined,
    issuer: boundedName(principal.issuer),
    kind: principal.kind,
    login: boundedName(principal.login),
    name: boundedName(principal.name),
    service_account: optionalName(principal.serviceAccount),
  };
}

function actingFor(principal: Principal, depth: number): unknown {
  return depth < DELEGATION_MAX ? whoOf(principal, depth) : { omitted: "further delegation" };
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
export function claimsJson(application: string | null): string {
  return canonicalJson(application === null ? {} : { application: boundedClaim(application) });
}
