// Token: a keyed HMAC of the value, rendered. The last characters of a text token are a keyed check over the others, by
// which it is recognised when a client writes it back.
import type { MaskMethod } from "../policy/decision.ts";
import { numberParameter, textParameter } from "../policy/method-parameters.ts";
import type { MaskKeys } from "./keys.ts";
import { RowSink } from "./row-sink.ts";
import { Hmac } from "./sha256.ts";
import type { TextMasker } from "./text-cell.ts";

const BASE32 = Buffer.from("abcdefghijklmnopqrstuvwxyz234567");
export const TOKEN_PREFIX = "tok_";
/** 18 characters of base 32 carry 90 bits. */
export const TOKEN_BODY_CHARACTERS = 18;
export const TOKEN_CHECK_CHARACTERS = 4;
/** A domain that RFC 2606 reserves: mail to it goes nowhere. */
export const TOKEN_EMAIL_DOMAIN = "masked.invalid";

type Render = (digest: Buffer, sink: RowSink) => void;

/** Computes tokens of one key, through the shared cache; `source` is overwritten by nothing here. */
export class Tokenizer {
  readonly #hmac: Hmac;
  readonly #keys: MaskKeys;
  readonly #space: number;
  readonly #render: Render;
  readonly #scratch = new RowSink();

  constructor(keys: MaskKeys, keyName: string, as: string, digits: number) {
    const key = keys.deriveKey(keyName, "token");
    this.#hmac = new Hmac(key);
    this.#keys = keys;
    this.#space = keys.tokens.space(`${keys.version}\0${keyName}\0${as}\0${digits}`);
    this.#render = renderer(as, digits, new Hmac(keys.deriveKey("", "check")));
  }

  /** Appends the token of source[start, end). */
  write(source: Buffer, start: number, end: number, sink: RowSink): void {
    const tokens = this.#keys.tokens;
    if (tokens.find(this.#space, source, start, end, sink)) return;
    const scratch = this.#scratch;
    scratch.rewind(0);
    this.#render(this.#hmac.compute(source, start, end), scratch);
    const from = scratch.indexOf(0);
    const to = from + scratch.position;
    tokens.store(this.#space, source, start, end, scratch.bytes, from, to);
    sink.write(scratch.bytes, from, to);
  }
}

/** Token of a text, as the mask's `as` says. */
export function tokenText(mask: MaskMethod, keys: MaskKeys): TextMasker {
  const tokenizer = new Tokenizer(keys, mask.keyName, textParameter(mask, "as"), numberParameter(mask, "digits"));
  return (source, start, end, sink) => {
    tokenizer.write(source, start, end, sink);
    return true;
  };
}

function renderer(as: string, digits: number, check: Hmac): Render {
  switch (as) {
    case "Email":
      return (digest, sink) => {
        writeToken(digest, check, sink);
        sink.writeAscii(`@${TOKEN_EMAIL_DOMAIN}`);
      };
    case "Digits":
      return (digest, sink) => sink.writeAscii(decimal(digest, 10n ** BigInt(digits)).padStart(digits, "0"));
    case "Integer":
      return (digest, sink) => sink.writeAscii(decimal(digest, 1n << 63n));
    case "Uuid":
      return (digest, sink) => sink.writeAscii(uuidText(uuidOf(digest)));
    case "Bytes":
      return (digest, sink) => sink.write(digest, 0, 16);
    case "UuidBytes":
      return (digest, sink) => sink.write(uuidOf(digest), 0, 16);
    default:
      return (digest, sink) => {
        sink.writeAscii(TOKEN_PREFIX);
        writeToken(digest, check, sink);
      };
  }
}

function writeToken(digest: Buffer, check: Hmac, sink: RowSink): void {
  const from = sink.position;
  writeBase32(digest, TOKEN_BODY_CHARACTERS, sink);
  const at = sink.indexOf(from);
  writeBase32(check.compute(sink.bytes, at, at + TOKEN_BODY_CHARACTERS), TOKEN_CHECK_CHARACTERS, sink);
}

/** The first 5 * count bits of `digest`. */
export function writeBase32(digest: Buffer, count: number, sink: RowSink): void {
  const at = sink.reserve(count);
  const out = sink.bytes;
  let bits = 0;
  let held = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    if (held < 5) {
      bits = ((bits << 8) | digest[next++]!) & 0xffff;
      held += 8;
    }
    held -= 5;
    out[at + i] = BASE32[(bits >>> held) & 31]!;
  }
}

/** The digest's first 128 bits modulo `modulus`: at most 2^-21 off uniform for 32 digits. */
function decimal(digest: Buffer, modulus: bigint): string {
  return (((digest.readBigUInt64BE(0) << 64n) | digest.readBigUInt64BE(8)) % modulus).toString();
}

/** 122 bits of the digest as a version 4 UUID (RFC 9562). The result is part of `digest`. */
function uuidOf(digest: Buffer): Buffer {
  digest[6] = (digest[6]! & 0x0f) | 0x40;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return digest.subarray(0, 16);
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
