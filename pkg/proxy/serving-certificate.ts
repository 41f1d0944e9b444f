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
}

/** `certificate` is a PEM chain, our own first. Throws when the key does not belong to it. */
export function servingCertificate(certificate: string, key: string): ServingCertificate {
  const parsed = new X509Certificate(certificate);
  const context = createSecureContext({
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
  return { context, der: parsed.raw, endPoint: serverEndPoint(parsed) };
}
