// Token: a keyed HMAC of the value, rendered. The last characters of a text token are a keyed check over the others, by
// which it is recognised when a client writes it back.
import type { MaskMethod } from "../policy/decision.ts";
import { numberParameter, textParameter } from "../policy/method-parameters.ts";
import { KeyedText, type Render } from "./keyed-text.ts";
import type { MaskKeys } from "./keys.ts";
import type { RowSink } from "./row-sink.ts";
import type { TextMasker } from "./text-cell.ts";
import { TOKEN_BODY_CHARACTERS, TOKEN_CHECK_CHARACTERS, TokenCheck, writeBase32 } from "./token-check.ts";

export const TOKEN_PREFIX = "tok_";
/** A domain that RFC 2606 reserves: mail to it goes nowhere. */
export const TOKEN_EMAIL_DOMAIN = "masked.invalid";

/** Least characters a column needs for each rendering; shorter ones get Default, since a cut token is no longer unique. */
export const TOKEN_CHARACTERS: Readonly<Record<string, number>> = {
  Text: TOKEN_PREFIX.length + TOKEN_BODY_CHARACTERS + TOKEN_CHECK_CHARACTERS,
  Email: TOKEN_BODY_CHARACTERS + TOKEN_CHECK_CHARACTERS + 1 + TOKEN_EMAIL_DOMAIN.length,
  Integer: 19,
  Uuid: 36,
};
/** Below this a text column is too short for any token. */
const SHORT_TOKEN_CHARACTERS = 12;

/** Token of a text that may have `charactersMax` characters; null when none fits. */
export function tokenText(mask: MaskMethod, keys: MaskKeys, charactersMax: number): TextMasker | null {
  const as = textParameter(mask, "as");
  const digits = numberParameter(mask, "digits");
  const needed = as === "Digits" ? digits : TOKEN_CHARACTERS[as]!;
  if (as === "Text" && charactersMax < needed) return shortToken(mask, keys, charactersMax);
  if (charactersMax < needed) return null;
  const render = renderer(as, digits, new TokenCheck(keys.deriveKey("", "check")));
  return keyedText(new KeyedText(keys, mask.keyName, "token", `${as} ${digits}`, render));
}

/** Only base 32 characters, 60 bits or more, for narrow columns; without a check. */
function shortToken(mask: MaskMethod, keys: MaskKeys, charactersMax: number): TextMasker | null {
  if (charactersMax < SHORT_TOKEN_CHARACTERS) return null;
  const count = Math.min(charactersMax, TOKEN_BODY_CHARACTERS);
  const render: Render = (digest, sink) => writeBase32(digest, count, sink);
  return keyedText(new KeyedText(keys, mask.keyName, "token", `short ${count}`, render));
}

export function keyedText(text: KeyedText): TextMasker {
  return (source, start, end, sink) => {
    text.write(source, start, end, sink);
    return true;
  };
}

function renderer(as: string, digits: number, check: TokenCheck): Render {
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
    default:
      return (digest, sink) => {
        sink.writeAscii(TOKEN_PREFIX);
        writeToken(digest, check, sink);
      };
  }
}

function writeToken(digest: Buffer, check: TokenCheck, sink: RowSink): void {
  const from = sink.position;
  writeBase32(digest, TOKEN_BODY_CHARACTERS, sink);
  check.write(sink, from);
}

/** The digest's first 128 bits modulo `modulus`: at most 2^-21 off uniform for 32 digits. */
function decimal(digest: Buffer, modulus: bigint): string {
  return (((digest.readBigUInt64BE(0) << 64n) | digest.readBigUInt64BE(8)) % modulus).toString();
}

/** 122 bits of the digest as a version 4 UUID (RFC 9562), in the digest's own bytes. */
export function uuidOf(digest: Buffer): Buffer {
  digest[6] = (digest[6]! & 0x0f) | 0x40;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return digest.subarray(0, 16);
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
