// What proved a client's login, and so who it is.
import type { Identity } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import type { ClientCertificate } from "./client-certificate.ts";

/** `local`: from a loopback address or a unix socket. */
export type Proof =
  /** The server's own login, or a password that we verified: it proves the login and nothing of who uses it. */
  | { readonly by: "password"; readonly local: boolean }
  /** `principal`: whom its names mean; null: the login is configured. */
  | { readonly by: "certificate"; readonly principal: Principal | null }
  | { readonly by: "loopback" }
  | { readonly by: "token"; readonly identity: Identity };

/** Whom a certificate means, where names of it are mapped to principals. */
export type CertificateNames = (certificate: ClientCertificate, login: string) => Principal | null;
