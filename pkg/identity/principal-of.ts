// The claims of a verified token as a principal: who acts, and the chain of those for whom (RFC 8693: `act` is who acts now, an
// `act` inside it who acted before, `sub` the one for whom all of them act).
import type { Assurance, Principal, PrincipalKind } from "../principal/principal.ts";
import { type Claims, claimAt, isObject, listIn, textIn, visibleIn } from "./claims.ts";
import type { ClaimMapping, Issuer } from "./issuer.ts";
import { Refuse } from "./refused-token.ts";
import { grantsIn } from "./restrictions.ts";

const DELEGATION_MAX = 8;

/** @throws Refuse */
export function principalOf(claims: Claims, issuer: Issuer): Principal {
  const { mapping } = issuer;
  if (mapping.form === "kubernetes") return { ...serviceAccountOf(claims, mapping.cluster), issuer: issuer.name };
  const subject = subjectOf(claims, mapping, issuer.name);
  const grants = grantsIn(claims.authorization_details);
  const acting = actors(claims.act, issuer.name).reduceRight<Principal>(
    (actingFor, { name, groups }) => ({
      kind: mapping.actorKind,
      name,
      issuer: issuer.name,
      groups,
      assurance: "L2",
      login: "",
      ...clientOf(claims, mapping),
      ...claimsOf(claims, mapping),
      actingFor,
    }),
    subject,
  );
  return grants === undefined ? acting : { ...acting, grants };
}

function subjectOf(claims: Claims, mapping: ClaimMapping, issuer: string): Principal {
  return {
    kind: kindOf(claims, mapping),
    name: textIn(claimAt(claims, mapping.name)),
    issuer,
    groups: groupsOf(claims, mapping),
    assurance: assuranceOf(claims, mapping),
    login: "",
    ...clientOf(claims, mapping),
    ...claimsOf(claims, mapping),
  };
}

function kindOf(claims: Claims, { kind, kindClaim }: ClaimMapping): PrincipalKind {
  const told = kindClaim === null ? undefined : claimAt(claims, kindClaim.claim);
  if (kindClaim === null || told === undefined) return kind;
  const word = textIn(told);
  if (!Object.hasOwn(kindClaim.values, word)) throw new Refuse("claims");
  return kindClaim.values[word]!;
}

/** Where there were too many, the token says only that there are more: rules about groups would not see them. */
function groupsOf(claims: Claims, { groups }: ClaimMapping): readonly string[] {
  if (isObject(claims._claim_names) && Object.hasOwn(claims._claim_names, groups)) throw new Refuse("claims");
  return listIn(claimAt(claims, groups));
}

function assuranceOf(claims: Claims, { mfa }: ClaimMapping): Assurance {
  const { acr, amr } = claims;
  const isStrong =
    (typeof acr === "string" && mfa.acr.includes(acr)) || listIn(amr).some((way) => mfa.amr.includes(way));
  return isStrong ? "L3" : "L2";
}

function clientOf(claims: Claims, mapping: ClaimMapping): { readonly client?: string } {
  const client = claimAt(claims, mapping.client) ?? claims.client_id;
  return client === undefined ? {} : { client: textIn(client) };
}

function claimsOf(claims: Claims, mapping: ClaimMapping): Pick<Principal, "claims"> {
  const seen = mapping.claims.flatMap((path) => {
    const value = claimAt(claims, path);
    return value === undefined || value === null ? [] : [[path, visibleIn(value)] as const];
  });
  return seen.length === 0 ? {} : { claims: Object.fromEntries(seen) };
}

interface Actor {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Who acts now first. */
function actors(act: unknown, issuer: string): readonly Actor[] {
  const found: Actor[] = [];
  for (let next = act; next !== undefined; next = next.act) {
    if (!isObject(next) || found.length >= DELEGATION_MAX) throw new Refuse("delegation");
    // A name of another issuer's could be that of somebody else here.
    if (next.iss !== undefined && next.iss !== issuer) throw new Refuse("delegation");
    try {
      found.push({ name: textIn(next.sub), groups: listIn(next.groups) });
    } catch {
      throw new Refuse("delegation");
    }
  }
  return found;
}

const ACCOUNT = /^system:serviceaccount:([a-z0-9.-]{1,63}):([a-z0-9.-]{1,253})$/;

/** What Kubernetes says of a ServiceAccount; the groups are those that it gives to all of them. */
export function serviceAccountOf(claims: Claims, cluster: string): Omit<Principal, "issuer"> {
  const [, namespace, account] = ACCOUNT.exec(typeof claims.sub === "string" ? claims.sub : "") ?? [];
  if (namespace === undefined || account === undefined) throw new Refuse("claims");
  const bound = claimAt(claims, "kubernetes.io");
  const pod = isObject(bound) && isObject(bound.pod) ? bound.pod.name : undefined;
  return {
    kind: "Service",
    name: `${namespace}/${account}`,
    groups: [`system:serviceaccounts`, `system:serviceaccounts:${namespace}`],
    assurance: "L2",
    login: "",
    serviceAccount: `${namespace}/${account}`,
    claims: { cluster, ...(pod !== undefined && { pod: textIn(pod) }) },
  };
}
