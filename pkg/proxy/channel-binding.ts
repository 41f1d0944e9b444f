// The `tls-server-end-point` channel binding (RFC 5929): a hash of the server's certificate.
import { createHash, type X509Certificate } from "node:crypto";

/** Null where the certificate's signature names no hash (Ed25519, RSA-PSS): PostgreSQL offers no binding there either. */
export function serverEndPoint(certificate: X509Certificate): Buffer | null {
  const hash = /(md5|sha1|sha224|sha256|sha384|sha512)(?!\d)/i
    .exec(certificate.signatureAlgorithm ?? "")?.[1]
    ?.toLowerCase();
  if (hash === undefined) return null;
  const weak = hash === "md5" || hash === "sha1";
  return createHash(weak ? "sha256" : hash)
    .update(certificate.raw)
    .digest();
}
