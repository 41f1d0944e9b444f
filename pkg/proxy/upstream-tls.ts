// How the connection to a server is encrypted: libpq's sslmodes, and the order in which the two that may fall back are tried.
import { createSecureContext, type SecureContext } from "node:tls";

export type UpstreamTls =
  | { readonly mode: "disable" }
  /** Plain first, encrypted where the server refuses that. */
  | ({ readonly mode: "allow" } & TlsIdentity)
  /** Encrypted first, plain where the server has no TLS or refuses it. Both protect against nobody who stands in between. */
  | ({ readonly mode: "prefer" } & TlsIdentity)
  /** Encrypted, whoever the server is. */
  | ({ readonly mode: "require" } & TlsIdentity)
  /** `ca` is PEM. verify-full also compares the server's name. */
  | ({ readonly mode: "verify-ca" | "verify-full"; readonly ca: string } & TlsIdentity);

export interface TlsIdentity {
  /** The name to ask for (SNI) and, under verify-full, to find in the certificate; the host when not given. */
  readonly serverName?: string;
  /** What we show to a server that asks; PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
}

export type EncryptedTls = Exclude<UpstreamTls, { mode: "disable" }>;

/** `tlsIfOffered`: the same connection goes on in clear where the server answers SSLRequest with N. */
export type Way = "plain" | "tls" | "tlsIfOffered";

/** In the order in which they are tried; a way is left for the next only as `throughWays` says. */
export function waysOf(tls: UpstreamTls): readonly Way[] {
  switch (tls.mode) {
    case "disable":
      return ["plain"];
    case "allow":
      return ["plain", "tls"];
    case "prefer":
      return ["tlsIfOffered", "plain"];
    default:
      return ["tls"];
  }
}

interface Made {
  readonly from: readonly (string | undefined)[];
  readonly context: SecureContext;
}

const made = new WeakMap<UpstreamTls, Made>();

/** Made once per content: a renewed CA or client certificate, which its owner shows through the same object, counts at once. */
export function contextOf(tls: EncryptedTls): SecureContext {
  const ca = "ca" in tls ? tls.ca : undefined;
  const own = tls.clientCertificate;
  const from = [ca, own?.certificate, own?.key];
  const known = made.get(tls);
  if (known?.from.every((text, index) => text === from[index])) return known.context;
  const context = createSecureContext({
    minVersion: "TLSv1.2",
    ...(ca !== undefined && { ca }),
    ...(own && { cert: own.certificate, key: own.key }),
  });
  made.set(tls, { from, context });
  return context;
}
