// The words of identity: who acts, on whose behalf, and how well that was verified. Plain data, shared by every package.
import type { Grant } from "./grant.ts";

export type PrincipalKind = "Human" | "Agent" | "Service";

/** L0 claimed, L1 attested workload, L2 verified token, L3 verified with MFA or attested workload plus signed delegation. */
export type Assurance = "L0" | "L1" | "L2" | "L3";

export type ClaimValue = string | number | boolean | readonly string[];

export interface Principal {
  readonly kind: PrincipalKind;
  /** Stable name, unique within its issuer, such as `ana@example.com` or `orders-api`. */
  readonly name: string;
  /** Who vouches for the name; `configuration` for the static map. */
  readonly issuer: string;
  readonly groups: readonly string[];
  readonly assurance: Assurance;
  /** The database login (start-up parameter `user`). */
  readonly login: string;
  /** Kubernetes ServiceAccount as `namespace/name`, when known. */
  readonly serviceAccount?: string;
  /** OAuth client or agent program, when known. */
  readonly client?: string;
  /** Claims of its token that the configuration lets policies see. */
  readonly claims?: Readonly<Record<string, ClaimValue>>;
  /** What its token narrows it to; absent: nothing. Whatever policies say holds beside it. */
  readonly grants?: readonly Grant[];
  /** The principal on whose behalf this one acts (RFC 8693 `act`), nearest first. */
  readonly actingFor?: Principal;
}
