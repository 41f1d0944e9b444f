// A client's certificate against the CA of a source or reader. TLS has proven that the client holds the key; which CA vouches for it is
// found here, as one server listens to several.
import { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { matchSan, type SanMatch } from "./san-pattern.ts";
import type { SanPattern } from "./source.ts";

/** A client's certificate, and those that it sent along. */
export interface PresentedChain {
  readonly leaf: X509Certificate;
  readonly others: readonly X509Certificate[];
}

const CHAIN_MAX = 5;

/** null: none was presented, or TLS did not find it good. */
export function presentedChain(socket: TLSSocket): PresentedChain | null {
  if (!socket.authorized) return null;
  const certificates: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && certificates.length < CHAIN_MAX) {
    certificates.push(new X509Certificate(next.raw));
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  const [leaf, ...others] = certificates;
  return leaf === undefined ? null : { leaf, others };
}

/** The SAN that fits, when one of `authorities` vouches for the leaf, over at most `CHAIN_MAX` steps, and it is valid now. */
export function proveCertificate(
  { leaf, others }: PresentedChain,
  authorities: readonly X509Certificate[],
  pattern: SanPattern,
  nowMs: number,
): SanMatch | null {
  let current = leaf;
  for (let step = 0; step < CHAIN_MAX; step++) {
    if (nowMs < current.validFromDate.getTime() || nowMs > current.validToDate.getTime()) return null;
    if (authorities.some((authority) => isIssuedBy(current, authority))) return matchSan(leaf, pattern);
    const issuer = others.find((other) => other.ca && isIssuedBy(current, other));
    if (issuer === undefined) return null;
    current = issuer;
  }
  return null;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** All certificates of a PEM text. @throws when one is none. */
export function certificatesOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
