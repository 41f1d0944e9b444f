// How logins are proved, per database: by the server itself through us, or to us, with the server's password held by us.
import type { CertificateNames } from "./proof.ts";
import type { ScramVerifier } from "./scram-keys.ts";
import type { TokenSecret } from "./token-login.ts";

export type Credentials =
  /** The client's own login is relayed. */
  { readonly mode: "PassThrough" } | Brokered;

/** The client logs in to us; we log in to the server. The client never sees the server's password. */
export interface Brokered {
  readonly mode: "Brokered";
  /** The server's login. */
  readonly user: string;
  /** Read at each login, so that a rotated file counts at once; in the server's bytes, without line end. */
  readonly password: () => Promise<Buffer>;
  /** What a login, as text, must prove to us; undefined for a login that nobody configured. */
  readonly clients: (login: string) => ClientSecret | undefined;
  /** Asked first: a certificate that means somebody proves the login. */
  readonly certificates?: CertificateNames;
  /** Random bytes of this process, out of which each login's SCRAM salt is made. */
  readonly saltKey: Buffer;
}

export type ClientSecret =
  | { readonly kind: "verifier"; readonly verifier: ScramVerifier }
  | { readonly kind: "password"; readonly password: Buffer }
  /** A TLS certificate of the client's, signed by a CA of ours; `name` as `isCalled` takes it, the login when null. */
  | { readonly kind: "certificate"; readonly name: string | null }
  /** No proof at all, from loopback addresses and over a unix socket only. */
  | { readonly kind: "trustLoopback" }
  | TokenSecret;
