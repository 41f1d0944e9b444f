// Who may send records and who may read them, as the configuration registers them.
import type { Scope } from "./scope.ts";

/** A cluster or a stand-alone gateway whose sidecars send here. */
export interface Source {
  readonly name: string;
  /** As its records must name them. */
  readonly cluster: string;
  readonly environment: string;
  /** The only namespace that it may speak for; null: the one that its identity names. */
  readonly namespace: string | null;
  readonly by: SourceProof;
}

export type SourceProof =
  /** The cluster's API server is asked about each token. null: the cluster that the collector runs in. */
  | { readonly kind: "token-review"; readonly audience: string; readonly kubeconfig: string | null }
  /** Signed by a key of this file: without a way to the cluster. */
  | { readonly kind: "jwks"; readonly file: string; readonly issuer: string; readonly audience: string }
  | { readonly kind: "certificate"; readonly ca: string; readonly san: SanPattern };

/** A SAN with `*` for anything but `/`, and `{namespace}` for the namespace that it speaks for. */
export type SanPattern = string;

/** `read`: look; `export`: take along what proves itself, and all rows of a question; `hold`: place and lift legal holds. */
export type Right = "read" | "export" | "hold";

export type Role = "viewer" | "auditor" | "admin";

export const RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  viewer: ["read"],
  auditor: ["read", "export"],
  admin: ["read", "export", "hold"],
};

export interface Reader {
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  readonly by: ReaderProof;
}

export type ReaderProof =
  /** A bearer token of any form, known by its SHA-256 in hex. */
  | { readonly kind: "token"; readonly sha256: string }
  /** A token that a source vouches for: `namespace/serviceaccount`, or the subject. */
  | { readonly kind: "account"; readonly source: string; readonly account: string }
  | { readonly kind: "certificate"; readonly ca: string; readonly san: SanPattern };

/** A sender whose identity was verified. */
export interface Sender {
  readonly source: string;
  readonly cluster: string;
  readonly environment: string;
  /** null: the source vouches for none, so nothing can be sent. */
  readonly namespace: string | null;
  /** Pod, subject or SAN; it stands in the log. */
  readonly name: string;
  readonly account: string;
  /** Unique over time, such as a pod's uid; null when there is none. */
  readonly uid: string | null;
}

export interface Refused {
  readonly ok: false;
  readonly status: 401 | 403 | 503;
  readonly error: string;
}

export type Verified<T> = { readonly ok: true; readonly who: T } | Refused;

export function refused(status: Refused["status"], error: string): Refused {
  return { ok: false, status, error };
}
