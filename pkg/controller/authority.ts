// The webhook's certificates: a CA, whose key the replicas share through a Secret, and a leaf of each replica's own in memory. ECDSA
// P-256, SHA-256. A new CA is trusted for a while before it signs, and the one before is trusted until its last leaf has ended.
import "reflect-metadata";
import { createPrivateKey, createPublicKey, randomBytes, type webcrypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { SecretData } from "./secret.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;
const CA_DAYS = 365;
const LEAF_DAYS = 7;
/** How long a new CA is only trusted: patches and the kubelets' copies of the ConfigMap must have arrived everywhere. */
export const TRUST_FIRST_MS = 10 * 60_000;
/** For clocks that differ. */
const BACKDATE_MS = 60 * 60_000;

export interface Leaf {
  readonly certificate: string;
  readonly key: string;
  /** Epoch, milliseconds. */
  readonly renewAtMs: number;
  /** SHA-256 fingerprint of the CA that signed it. */
  readonly issuer: string;
}

/** What the Secret must become: null when it is good until further. Fields ca.crt, ca.key; previous.crt, previous.key after a change. */
export async function renewedAuthority(now: SecretData, nowMs: number): Promise<SecretData | null> {
  const current = readPair(now["ca.crt"], now["ca.key"]);
  if (current !== null && nowMs < renewAt(current.certificate)) {
    const previous = readPair(now["previous.crt"], now["previous.key"]);
    const over = previous !== null && nowMs > trustEnd(current.certificate, previous.certificate);
    return over ? { "ca.crt": now["ca.crt"]!, "ca.key": now["ca.key"]! } : null;
  }
  const fresh = await newAuthority(nowMs);
  return current === null ? fresh : { ...fresh, "previous.crt": now["ca.crt"]!, "previous.key": now["ca.key"]! };
}

/** What clients are to trust, PEM: the CA, and the one before while leaves of it may live. */
export function trustBundle(now: SecretData): string {
  return [now["ca.crt"], now["previous.crt"]].filter((pem) => pem !== undefined && pem !== "").join("");
}

/** A leaf for `names` (DNS), the first its common name. @throws Error when the Secret holds no authority. */
export async function issueLeaf(now: SecretData, names: readonly string[], nowMs: number): Promise<Leaf> {
  const signer = signerOf(now, nowMs);
  if (signer === null) throw new Error("there is no authority to sign with");
  const issuer = new x509.X509Certificate(signer.certificate.toString());
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const notAfterMs = Math.min(nowMs + LEAF_DAYS * dayMs, Date.parse(signer.certificate.validTo));
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [names[0]!.slice(0, 64)] }],
    issuer: issuer.subject,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await importKey(signer.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return {
    certificate: pem(leaf),
    key: await exportKey(keys.privateKey),
    renewAtMs: nowMs + ((notAfterMs - nowMs) * 2) / 3,
    issuer: signer.certificate.fingerprint256,
  };
}

/** A leaf that was written down, and whose it is. null: no pair, for other names, or not of this authority. */
export function readLeaf(
  { certificate, key }: { readonly certificate: string | undefined; readonly key: string | undefined },
  now: SecretData,
  names: readonly string[],
): Leaf | null {
  try {
    const read = new X509Certificate(certificate ?? "");
    if (!read.checkPrivateKey(createPrivateKey(key ?? ""))) return null;
    if (names.some((name) => read.checkHost(name) === undefined)) return null;
    const signer = [readPair(now["ca.crt"], now["ca.key"]), readPair(now["previous.crt"], now["previous.key"])].find(
      (pair) => pair !== null && read.verify(pair.certificate.publicKey),
    );
    if (!signer) return null;
    const issuer = signer.certificate.fingerprint256;
    return { certificate: certificate!, key: key!, renewAtMs: renewAt(read), issuer };
  } catch {
    return null;
  }
}

/** Whether a leaf should be replaced: two thirds of its life are over, or another CA signs now. */
export function isLeafDue(leaf: Leaf, now: SecretData, nowMs: number): boolean {
  const signer = signerOf(now, nowMs);
  return nowMs >= leaf.renewAtMs || (signer !== null && signer.certificate.fingerprint256 !== leaf.issuer);
}

interface Pair {
  readonly certificate: X509Certificate;
  readonly key: string;
}

function signerOf(now: SecretData, nowMs: number): Pair | null {
  const current = readPair(now["ca.crt"], now["ca.key"]);
  const previous = readPair(now["previous.crt"], now["previous.key"]);
  if (current === null || previous === null) return current;
  const young = nowMs < madeAt(current.certificate) + TRUST_FIRST_MS;
  return young && nowMs < Date.parse(previous.certificate.validTo) ? previous : current;
}

async function newAuthority(nowMs: number): Promise<SecretData> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    // A name of its own, so that chains of the CA before never lead here.
    name: [{ CN: [`weir ca ${randomBytes(4).toString("hex")}`] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_DAYS * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { "ca.crt": pem(certificate), "ca.key": await exportKey(keys.privateKey) };
}

/** null when it is no CA with its key. */
function readPair(certificate: string | undefined, key: string | undefined): Pair | null {
  try {
    const read = new X509Certificate(certificate ?? "");
    const matches = read.ca && read.checkPrivateKey(createPrivateKey(key ?? ""));
    return matches ? { certificate: read, key: key! } : null;
  } catch {
    return null;
  }
}

function madeAt({ validFrom }: X509Certificate): number {
  return Date.parse(validFrom) + BACKDATE_MS;
}

function renewAt(certificate: X509Certificate): number {
  const from = madeAt(certificate);
  return from + ((Date.parse(certificate.validTo) - from) * 2) / 3;
}

/** When no leaf of the CA before can live any more. */
function trustEnd(current: X509Certificate, previous: X509Certificate): number {
  const last = madeAt(current) + TRUST_FIRST_MS + (LEAF_DAYS + 1) * dayMs;
  return Math.min(last, Date.parse(previous.validTo));
}

async function importKey(key: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  return crypto.subtle.importKey("pkcs8", new Uint8Array(der), algorithm, false, ["sign"]);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  const read = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  createPublicKey(read); // fails here, not in a handshake
  return read.export({ type: "pkcs8", format: "pem" }).toString();
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40; // positive and never short
  return bytes.toString("hex");
}
