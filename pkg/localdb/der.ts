// The few DER structures of RFC 5280 that certificates of tests and the demo need (X.690): Node has no call that makes one, and
// a machine need not have openssl.

const oids = {
  commonName: "550403",
  basicConstraints: "551d13",
  subjectAltName: "551d11",
  subjectKeyIdentifier: "551d0e",
  extendedKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
  clientAuth: "2b06010505070302",
  ecdsaWithSha256: "2a8648ce3d040302",
  ed25519: "2b6570",
} as const;

export type ObjectName = keyof typeof oids;

export function der(tag: number, content: Buffer): Buffer {
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
export const oid = (name: ObjectName): Buffer => der(0x06, Buffer.from(oids[name], "hex"));

/** GeneralizedTime is for years from 2050 on only; UTCTime has two digits of the year. */
export const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14)}Z`));

export function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
