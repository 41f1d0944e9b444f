// SCRAM-SHA-256 where we are the client (RFC 5802 section 3), with channel binding when the server can.
import { timingSafeEqual } from "node:crypto";
import type { Random } from "../runtime/random.ts";
import { clientKey, hmac, ITERATIONS_MAX, saltedPassword, serverKey, sha256, xor } from "./scram-keys.ts";

/** The server's side of the exchange is malformed, or the server does not know the password. */
export class ScramError extends Error {}

export type ChannelBinding =
  /** `endPoint` is the hash of the server's certificate; the server offered -PLUS. */
  | { readonly kind: "bound"; readonly endPoint: Buffer }
  /** We could bind, the server did not offer it: one that did, whose offer was struck on the way, ends the exchange. */
  | { readonly kind: "notOffered" }
  | { readonly kind: "unsupported" };

const gs2Headers = { bound: "p=tls-server-end-point,,", notOffered: "y,,", unsupported: "n,," } as const;

export class ScramClient {
  readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-256-PLUS";
  readonly #password: Buffer;
  readonly #nonce: string;
  readonly #gs2Header: string;
  readonly #channelInput: Buffer;
  #serverSignature: Buffer = Buffer.alloc(0);

  constructor(password: Buffer, binding: ChannelBinding, random: Random) {
    const endPoint = binding.kind === "bound" ? binding.endPoint : null;
    this.mechanism = endPoint === null ? "SCRAM-SHA-256" : "SCRAM-SHA-256-PLUS";
    this.#password = password;
    this.#nonce = random.bytes(18).toString("base64");
    this.#gs2Header = gs2Headers[binding.kind];
    this.#channelInput = Buffer.concat([Buffer.from(this.#gs2Header), endPoint ?? Buffer.alloc(0)]);
  }

  /** The user name stays empty: PostgreSQL takes it from the start-up packet. */
  first(): Buffer {
    return Buffer.from(this.#gs2Header + this.#firstBare());
  }

  async final(serverFirst: Buffer): Promise<Buffer> {
    const text = serverFirst.toString("latin1");
    const { nonce, salt, iterations } = this.#parseServerFirst(text);
    const withoutProof = `c=${this.#channelInput.toString("base64")},r=${nonce}`;
    const authMessage = `${this.#firstBare()},${text},${withoutProof}`;
    const salted = await saltedPassword(this.#password, salt, iterations);
    const key = clientKey(salted);
    const proof = xor(key, hmac(sha256(key), authMessage));
    this.#serverSignature = hmac(serverKey(salted), authMessage);
    return Buffer.from(`${withoutProof},p=${proof.toString("base64")}`);
  }

  /** Throws ScramError unless the server has proved that it knows the password too. */
  verify(serverFinal: Buffer): void {
    const signature = Buffer.from(/^v=([\w+/=]+)$/.exec(serverFinal.toString("latin1"))?.[1] ?? "", "base64");
    const expected = this.#serverSignature;
    if (expected.length === 0 || signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new ScramError("the server did not prove that it knows the password");
    }
  }

  #firstBare(): string {
    return `n=,r=${this.#nonce}`;
  }

  #parseServerFirst(text: string): { nonce: string; salt: Buffer; iterations: number } {
    const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([\w+/=]+),i=([1-9]\d{0,8})$/.exec(text);
    if (match === null) throw new ScramError("the server's first SCRAM message is malformed");
    const nonce = match[1]!;
    const iterations = Number(match[3]);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw new ScramError("the server did not extend our SCRAM nonce");
    if (iterations > ITERATIONS_MAX)
      throw new ScramError(`the server asks for ${iterations} SCRAM iterations, more than ${ITERATIONS_MAX}`);
    return { nonce, salt: Buffer.from(match[2]!, "base64"), iterations };
  }
}
