// An issuer as the configuration would name it, and a verifier that trusts it.
import { fetchText } from "../../pkg/identity/fetch-text.ts";
import type { ClaimMapping, Issuer } from "../../pkg/identity/issuer.ts";
import type { KeyTimes } from "../../pkg/identity/key-source.ts";
import type { Revocations } from "../../pkg/identity/revocations.ts";
import { createVerifier, type Verifier } from "../../pkg/identity/verifier.ts";
import { AUDIENCE, type TestIssuer } from "./issuer.ts";

export const plainMapping: ClaimMapping = {
  form: "claims",
  kind: "Human",
  kindClaim: null,
  actorKind: "Agent",
  name: "sub",
  groups: "groups",
  client: "azp",
  claims: ["department"],
  mfa: { acr: ["phr"], amr: ["mfa"] },
};

export function issuerFor({ url, jwksUrl }: TestIssuer, changed: Partial<Issuer> = {}): Issuer {
  return {
    name: url,
    keys: { kind: "url", url: jwksUrl, caFile: null },
    audiences: [AUDIENCE],
    algorithms: ["RS256", "ES256"],
    types: ["jwt", "at+jwt"],
    skewSeconds: 30,
    lifeSecondsMax: 86_400,
    once: false,
    mapping: plainMapping,
    ...changed,
  };
}

export interface VerifierOptions {
  readonly nowMs?: () => number;
  readonly revocations?: () => Revocations;
  readonly keyTimes?: KeyTimes;
  readonly logged?: string[];
}

export function verifierFor(issuers: readonly Issuer[], options: VerifierOptions = {}): Verifier {
  const { nowMs = () => Date.now(), logged = [], ...more } = options;
  const logger = { log: (...line: unknown[]) => void logged.push(JSON.stringify(line)) };
  return createVerifier(issuers, { nowMs, fetchText, logger, ...more });
}
