// Certificates for servers and clients of tests and the demo: self-signed, or issued by a CA made here. SHA-256 with ECDSA P-256,
// or Ed25519, whose certificates have no channel binding.
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import { der, oid, pem, sequence, time } from "./der.ts";

export interface ServerCertificate {
  /** PEM of the certificate; a self-signed one is its own CA. */
  readonly certificate: string;
  /** PEM (PKCS #8) of its private key. */
  readonly key: string;
}

export interface CertificateOptions {
  /** Valid from a day ago for this long; negative: it has run out. 365 when not given. */
  readonly days?: number;
  /** Who signs; itself when not given. */
  readonly issuer?: ServerCertificate;
  readonly usage?: "serverAuth" | "clientAuth";
  readonly algorithm?: "ecdsa" | "ed25519";
}

const dayMs = 86_400_000;

/** Valid from a day ago for `days`, for every DNS name and IPv4 address of `names`; the first is the common name. */
export function selfSignedCertificate(names: readonly string[], days = 365): ServerCertificate {
  return makeCertificate(names[0]!, names, { days });
}

/** `names`: DNS names, IPv4 addresses, URIs (with `://`) and e-mail addresses (with `@`). */
export function makeCertificate(
  commonName: string,
  names: readonly string[],
  options: CertificateOptions = {},
): ServerCertificate {
  const { publicKey, privateKey } = keyPair(options.algorithm ?? "ecdsa");
  const spki = publicKey.export({ type: "spki", format: "der" });
  const { issuer } = options;
  const signingKey = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const algorithm = sequence(oid(signingKey.asymmetricKeyType === "ed25519" ? "ed25519" : "ecdsaWithSha256"));
  const subject = nameOf(commonName);
  const start = Date.now() - dayMs;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    issuer === undefined ? subject : nameOf(commonNameOf(issuer)),
    sequence(time(start), time(start + (options.days ?? 365) * dayMs)),
    subject,
    spki,
    der(0xa3, sequence(...extensions(names, spki, options))),
  );
  const signature = sign(signingKey.asymmetricKeyType === "ed25519" ? null : "sha256", body, signingKey);
  const certificate = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  return { certificate: pem(certificate), key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function keyPair(algorithm: "ecdsa" | "ed25519"): { publicKey: KeyObject; privateKey: KeyObject } {
  return algorithm === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
}

const nameOf = (commonName: string) =>
  sequence(der(0x31, sequence(oid("commonName"), der(0x0c, Buffer.from(commonName)))));

function commonNameOf({ certificate }: ServerCertificate): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)![1]!;
}

function extensions(names: readonly string[], spki: Buffer, { issuer, usage }: CertificateOptions): Buffer[] {
  const yes = der(0x01, Buffer.of(0xff));
  const isAuthority = issuer === undefined ? sequence(yes) : sequence();
  const alternatives = names.map(alternative);
  return [
    sequence(oid("basicConstraints"), yes, der(0x04, isAuthority)),
    ...(names.length > 0 ? [sequence(oid("subjectAltName"), der(0x04, sequence(...alternatives)))] : []),
    ...(usage ? [sequence(oid("extendedKeyUsage"), der(0x04, sequence(oid(usage))))] : []),
    sequence(oid("subjectKeyIdentifier"), der(0x04, der(0x04, createHash("sha1").update(spki).digest()))),
  ];
}

function alternative(name: string): Buffer {
  if (isIP(name) === 4) return der(0x87, Buffer.from(name.split(".").map(Number)));
  const tag = name.includes("://") ? 0x86 : name.includes("@") ? 0x81 : 0x82;
  return der(tag, Buffer.from(name));
}
