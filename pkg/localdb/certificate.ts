// A self-signed certificate for servers of tests and the demo. Node has no call that makes one, and a machine need not
// have openssl, so the few DER structures of RFC 5280 are written here. ECDSA P-256, SHA-256.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

export interface ServerCertificate {
  /** PEM of the certificate, which is its own CA. */
  readonly certificate: string;
  /** PEM (PKCS #8) of its private key. */
  readonly key: string;
}

const dayMs = 86_400_000;
const oids = {
  commonName: "550403",
  basicConstraints: "551d13",
  subjectAltName: "551d11",
  subjectKeyIdentifier: "551d0e",
  ecdsaWithSha256: "2a8648ce3d040302",
} as const;

/** Valid from a day ago for `days`, for every DNS name and IPv4 address of `names`; the first is the common name. */
export function selfSignedCertificate(names: readonly string[], days = 365): ServerCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const algorithm = sequence(oid("ecdsaWithSha256"));
  const name = sequence(der(0x31, sequence(oid("commonName"), der(0x0c, Buffer.from(names[0]!)))));
  const start = Date.now() - dayMs;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(start), time(start + days * dayMs)),
    name,
    spki,
    der(0xa3, sequence(...extensions(names, spki))),
  );
  const signature = sign("sha256", body, privateKey);
  const certificate = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  return { certificate: pem(certificate), key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function extensions(names: readonly string[], spki: Buffer): Buffer[] {
  const isAuthority = der(0x01, Buffer.of(0xff));
  const alternatives = names.map((name) =>
    isIP(name) === 4 ? der(0x87, Buffer.from(name.split(".").map(Number))) : der(0x82, Buffer.from(name)),
  );
  return [
    sequence(oid("basicConstraints"), isAuthority, der(0x04, sequence(isAuthority))),
    sequence(oid("subjectAltName"), der(0x04, sequence(...alternatives))),
    sequence(oid("subjectKeyIdentifier"), der(0x04, der(0x04, createHash("sha1").update(spki).digest()))),
  ];
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, Buffer.concat(parts));
const oid = (name: keyof typeof oids) => der(0x06, Buffer.from(oids[name], "hex"));
/** GeneralizedTime is for years from 2050 on only; UTCTime has two digits of the year. */
const time = (ms: number) => der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14)}Z`));

function der(tag: number, content: Buffer): Buffer {
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
