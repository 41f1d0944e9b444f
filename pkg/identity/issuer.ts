// What is configured of one issuer of tokens.
import type { PrincipalKind } from "../principal/principal.ts";

/** Asymmetric only: with a shared secret whoever verifies could sign. */
export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface Issuer {
  /** Exactly as `iss` spells it. */
  readonly name: string;
  readonly keys: KeyPlace;
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly Algorithm[];
  /** Values of the header `typ` in lower case, without `application/`; a token without one counts as `jwt`. */
  readonly types: readonly string[];
  /** By how much clocks may differ, at most SKEW_SECONDS_MAX. */
  readonly skewSeconds: number;
  /** Longest time between now and `exp` that is accepted. */
  readonly lifeSecondsMax: number;
  /** Each token counts once and must have a `jti`. */
  readonly once: boolean;
  readonly mapping: Mapping;
}

export const SKEW_SECONDS_MAX = 60;

export type KeyPlace =
  | { readonly kind: "file"; readonly file: string }
  /** The JWKS itself. */
  | { readonly kind: "text"; readonly text: string }
  /** `url`: of the JWKS; null: as the issuer's OpenID configuration says. `caFile`: PEM; null: the system's. */
  | { readonly kind: "url"; readonly url: string | null; readonly caFile: string | null };

/** How claims become a principal. A claim is named by its name, or by names with dots that lead into objects. */
export type Mapping =
  | ClaimMapping
  /** ServiceAccount tokens: the name is `namespace/account`. */
  | { readonly form: "kubernetes"; readonly cluster: string };

export interface ClaimMapping {
  readonly form: "claims";
  /** Of the subject. */
  readonly kind: PrincipalKind;
  /** Where the token tells the subject's kind itself; null: it is always `kind`. */
  readonly kindClaim: { readonly claim: string; readonly values: Readonly<Record<string, PrincipalKind>> } | null;
  /** Of those who act for it. */
  readonly actorKind: PrincipalKind;
  readonly name: string;
  readonly groups: string;
  readonly client: string;
  /** What policies may see as `principal.claims`. */
  readonly claims: readonly string[];
  /** Values of `acr` or `amr` that tell of more than one factor. */
  readonly mfa: { readonly acr: readonly string[]; readonly amr: readonly string[] };
}
