// What a client's TLS certificate says about it: the names that its CA vouches for, or why it counts for nothing.
import type { TLSSocket } from "node:tls";

export interface ClientCertificate {
  /** OpenSSL's code, such as CERT_HAS_EXPIRED; null: our CA signed it for clients, and it is valid now. */
  readonly problem: string | null;
  /** The subject's only common name; null where it has none or several. */
  readonly commonName: string | null;
  /** `DNS:`, `URI:` and `EMAIL:` with a name of the certificate's subjectAltName. */
  readonly alternatives: readonly string[];
}

/** Null when the client showed none. */
export function readClientCertificate(socket: TLSSocket): ClientCertificate | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  return {
    problem: problemOf(socket),
    commonName: commonNameOf(certificate.toLegacyObject().subject?.CN),
    alternatives: alternativesOf(certificate.subjectAltName ?? ""),
  };
}

/** Node sets `authorized` only for sockets of a `tls.Server`; the verification itself has run all the same. */
function problemOf(socket: TLSSocket): string | null {
  const { ssl } = socket as unknown as { ssl?: { verifyError?: () => NodeJS.ErrnoException | null } };
  if (typeof ssl?.verifyError !== "function") return "NOT_VERIFIED";
  const error = ssl.verifyError();
  return error == null ? null : (error.code ?? error.message);
}

/** A NUL would end the name for programs written in C: PostgreSQL refuses it too. */
function commonNameOf(name: unknown): string | null {
  return typeof name === "string" && name !== "" && !name.includes("\0") ? name : null;
}

/** Node writes `kind:name, kind:name`, with a name in JSON quotes where it holds what could be mistaken (CVE-2021-44532). */
function alternativesOf(text: string): string[] {
  const found = text.matchAll(/(?:^|, )(DNS|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...found].map(
    ([, kind, name]) => `${kind!.toUpperCase()}:${name!.startsWith('"') ? JSON.parse(name!) : name}`,
  );
}

/** `wanted`: a common name, or one of `alternatives` with its kind in front. */
export function isCalled(certificate: ClientCertificate, wanted: string): boolean {
  return /^(DNS|URI|EMAIL):/.test(wanted)
    ? certificate.alternatives.includes(wanted)
    : certificate.commonName === wanted;
}
