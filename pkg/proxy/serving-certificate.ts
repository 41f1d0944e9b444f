// The certificate that clients see.
import { constants, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { serverEndPoint } from "./channel-binding.ts";

export interface ServingCertificate {
  readonly context: SecureContext;
  /** DER, to recognise that the database server shows the same one. */
  readonly der: Buffer;
  /** For SCRAM channel binding; null where its signature algorithm has none. */
  readonly endPoint: Buffer | null;
  /** Clients are asked for a certificate of theirs; none is demanded here. */
  readonly asksClient: boolean;
}

/**
 * `certificate` is a PEM chain, our own first; `clientCa` the PEM of those whose client certificates count. Throws when the key
 * does not belong to the certificate. No TLS session is taken up again, so that a client's certificate is looked at each time.
 */
export function servingCertificate(
  certificate: string,
  key: string,
  clientCa: string | null = null,
): ServingCertificate {
  const parsed = new X509Certificate(certificate);
  const context = createSecureContext({
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
    ...(clientCa !== null && { ca: clientCa }),
  });
  return { context, der: parsed.raw, endPoint: serverEndPoint(parsed), asksClient: clientCa !== null };
}
