// SCRAM-SHA-256's keys (RFC 5802, RFC 7677) and PostgreSQL's way to store them (pg_authid.rolpassword).
import { createHash, createHmac, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { saslPrep } from "./sasl-prep.ts";

const derive = promisify(pbkdf2);

export const KEY_BYTES = 32;
/** About three seconds of one core; more is an attack on us, not care for a password. */
export const ITERATIONS_MAX = 10_000_000;
/** PostgreSQL's default `scram_iterations`. */
export const ITERATIONS_DEFAULT = 4096;

/** What a server stores in place of a password. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** `password` in the bytes of the client. */
export function saltedPassword(password: Buffer, salt: Buffer, iterations: number): Promise<Buffer> {
  return derive(saslPrep(password), salt, iterations, KEY_BYTES, "sha256");
}

export const hmac = (key: Buffer, data: string | Buffer): Buffer => createHmac("sha256", key).update(data).digest();
export const sha256 = (data: Buffer): Buffer => createHash("sha256").update(data).digest();
export const clientKey = (salted: Buffer): Buffer => hmac(salted, "Client Key");
export const serverKey = (salted: Buffer): Buffer => hmac(salted, "Server Key");

export function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ right[index]!));
}

export async function makeVerifier(
  password: Buffer,
  salt: Buffer,
  iterations = ITERATIONS_DEFAULT,
): Promise<ScramVerifier> {
  const salted = await saltedPassword(password, salt, iterations);
  return { iterations, salt, storedKey: sha256(clientKey(salted)), serverKey: serverKey(salted) };
}

/** Reads `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`; null when it is anything else. */
export function parseVerifier(text: string): ScramVerifier | null {
  const match = /^SCRAM-SHA-256\$(\d{1,8}):([\w+/=]+)\$([\w+/=]+):([\w+/=]+)$/.exec(text);
  if (match === null) return null;
  const [salt, storedKey, serverSide] = match.slice(2, 5).map((part) => Buffer.from(part, "base64")) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const iterations = Number(match[1]);
  const fits = storedKey.length === KEY_BYTES && serverSide.length === KEY_BYTES && salt.length > 0;
  return fits && iterations >= 1 && iterations <= ITERATIONS_MAX
    ? { iterations, salt, storedKey, serverKey: serverSide }
    : null;
}
