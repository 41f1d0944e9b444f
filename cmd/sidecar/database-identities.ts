// Verifiers of tokens by database, where its GovernedDatabase says whose count: they keep their keys for as long as the issuers stay the same.
import { fetchText } from "../../pkg/identity/fetch-text.ts";
import type { Algorithm, Issuer } from "../../pkg/identity/issuer.ts";
import { type Revocations, readRevocations } from "../../pkg/identity/revocations.ts";
import { createVerifier, type Verifier } from "../../pkg/identity/verifier.ts";
import type { DatabaseIdentity, TokenIssuer } from "../../pkg/policy/rules.ts";
import type { World } from "./parts.ts";

const SKEW_SECONDS = 30;
const LIFE_SECONDS = 86_400;
const KEPT_MAX = 1000;

export interface DatabaseIdentities {
  /** `identity` asks anew each time what the database's resource says now. */
  verifier(database: string, identity: () => DatabaseIdentity | null): Verifier;
}

interface Kept {
  readonly issuers: string;
  readonly verifier: Verifier;
}

export function databaseIdentities({ clock, logger }: World): DatabaseIdentities {
  const kept = new Map<string, Kept>();
  return {
    verifier(database, identity) {
      const now = identity();
      const issuers = JSON.stringify(now?.issuers ?? []);
      const known = kept.get(database);
      if (known !== undefined && known.issuers === issuers) return known.verifier;
      const revocations = revocationsOf(identity);
      const world = { nowMs: () => clock.nowMs(), fetchText, logger, revocations };
      const verifier = createVerifier((now?.issuers ?? []).map(issuerOf), world);
      kept.delete(database);
      kept.set(database, { issuers, verifier });
      if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
      return verifier;
    },
  };
}

/** The same object while the resource says the same. */
function revocationsOf(identity: () => DatabaseIdentity | null): () => Revocations {
  const none = JSON.stringify({ tokens: [], principals: {}, groups: {} });
  let text: string | null = null;
  let read: Revocations = readRevocations(none);
  return () => {
    const now = JSON.stringify(identity()?.revoked ?? null);
    if (now !== text) {
      text = now;
      read = readRevocations(now === "null" ? none : now);
    }
    return read;
  };
}

/** As a GovernedDatabase writes it to what a verifier takes. */
export function issuerOf({
  issuer,
  keys,
  keysUrl,
  audiences,
  algorithms,
  once,
  kubernetes,
  ...claims
}: TokenIssuer): Issuer {
  const { kind, actorKind, name, groups, client } = claims;
  return {
    name: issuer,
    keys: keys === null ? { kind: "url", url: keysUrl, caFile: null } : { kind: "text", text: keys },
    audiences,
    algorithms: algorithms as readonly Algorithm[],
    types: ["jwt", "at+jwt"],
    skewSeconds: SKEW_SECONDS,
    lifeSecondsMax: LIFE_SECONDS,
    once,
    mapping:
      kubernetes === null
        ? {
            form: "claims",
            kind,
            kindClaim: null,
            actorKind,
            name,
            groups,
            client,
            claims: claims.claims,
            mfa: { acr: [], amr: [] },
          }
        : { form: "kubernetes", cluster: kubernetes },
  };
}
