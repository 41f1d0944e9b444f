// SCRAM-SHA-256 where we are the server (RFC 5802 section 3), strict as PostgreSQL's auth-scram.c.
import { timingSafeEqual } from "node:crypto";
import type { Random } from "../runtime/random.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { hmac, KEY_BYTES, type ScramVerifier, sha256, xor } from "./scram-keys.ts";

export const SCRAM = "SCRAM-SHA-256";
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";

export class ScramServer {
  /** In the order of our preference, as AuthenticationSASL lists them. */
  readonly mechanisms: readonly string[];
  readonly #verifier: ScramVerifier;
  readonly #endPoint: Buffer | null;
  readonly #nonce: string;
  #channelInput: Buffer = Buffer.alloc(0);
  #clientFirstBare = "";
  #serverFirst = "";
  #fullNonce = "";

  /** `endPoint` is the hash of our own certificate on a TLS connection, null where there is none: then no -PLUS. */
  constructor(verifier: ScramVerifier, endPoint: Buffer | null, random: Random) {
    this.mechanisms = endPoint === null ? [SCRAM] : [SCRAM_PLUS, SCRAM];
    this.#verifier = verifier;
    this.#endPoint = endPoint;
    this.#nonce = random.bytes(18).toString("base64");
  }

  /** Takes the client's first message, returns ours. Throws WireError when it breaks the rules. */
  first(mechanism: string, clientFirst: Buffer): Buffer {
    if (!this.mechanisms.includes(mechanism))
      throw new WireError("the client chose a SASL mechanism that was not offered");
    const text = clientFirst.toString("latin1");
    const match = /^((?:n|y|p=[\w.-]+),(?:a=[^,]*)?,)(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(text);
    if (match === null) throw new WireError("the client's first SCRAM message is malformed");
    this.#channelInput = this.#checkHeader(match[1]!, mechanism);
    this.#clientFirstBare = match[2]!;
    this.#fullNonce = match[3]! + this.#nonce;
    const { salt, iterations } = this.#verifier;
    this.#serverFirst = `r=${this.#fullNonce},s=${salt.toString("base64")},i=${iterations}`;
    return Buffer.from(this.#serverFirst);
  }

  /** Our last message when the proof holds, null when the password is wrong. Throws WireError at a malformed message. */
  final(clientFinal: Buffer): Buffer | null {
    const match = /^(c=([\w+/=]+),r=([^,]+)(?:,[^p].*?)?),p=([\w+/=]+)$/s.exec(clientFinal.toString("latin1"));
    if (match === null) throw new WireError("the client's final SCRAM message is malformed");
    const [, withoutProof, channel, nonce, proofText] = match as unknown as [string, string, string, string, string];
    if (nonce !== this.#fullNonce) throw new WireError("the client's final SCRAM message has another nonce");
    if (!Buffer.from(channel, "base64").equals(this.#channelInput))
      throw new WireError("the SCRAM channel binding does not match");
    const proof = Buffer.from(proofText, "base64");
    if (proof.length !== KEY_BYTES) throw new WireError("the client's SCRAM proof has a wrong length");
    const authMessage = Buffer.from(`${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`, "latin1");
    const key = xor(proof, hmac(this.#verifier.storedKey, authMessage));
    if (!timingSafeEqual(sha256(key), this.#verifier.storedKey)) return null;
    return Buffer.from(`v=${hmac(this.#verifier.serverKey, authMessage).toString("base64")}`);
  }

  /** The bytes that the client must repeat, base64-encoded, as `c=`. */
  #checkHeader(header: string, mechanism: string): Buffer {
    const flag = header.slice(0, header.indexOf(","));
    if (!header.endsWith(",,")) throw new WireError("the client asks for another authorization identity");
    if (flag === "y" && this.#endPoint !== null)
      throw new WireError("the client supports SCRAM channel binding but thinks that the server does not");
    if ((mechanism === SCRAM_PLUS) !== flag.startsWith("p="))
      throw new WireError("the client's SCRAM mechanism and its channel binding flag disagree");
    if (mechanism === SCRAM_PLUS && flag !== "p=tls-server-end-point")
      throw new WireError("the client asks for an unsupported SCRAM channel binding type");
    const endPoint = mechanism === SCRAM_PLUS ? this.#endPoint! : Buffer.alloc(0);
    return Buffer.concat([Buffer.from(header, "latin1"), endPoint]);
  }
}
