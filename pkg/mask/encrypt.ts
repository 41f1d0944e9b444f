// Encrypt: format-preserving encryption of texts (FF1). Letters and digits are encrypted as one string of numerals,
// ASCII punctuation stays in its place, so the value keeps its look and length. Reversible with the key.
import type { MaskMethod } from "../policy/decision.ts";
import { textParameter } from "../policy/method-parameters.ts";
import { Ff1 } from "./ff1.ts";
import type { MaskKeys } from "./keys.ts";
import type { TextMasker } from "./text-cell.ts";

/** Longer texts become Default: the cost of big numbers grows with the square. */
const CHARACTERS_MAX = 256;
/** SP 800-38G Rev. 1 asks for a domain of at least a million values. */
const DOMAIN_MIN = 1_000_000;
const DIGITS = "0123456789";
const ALPHABETS: Readonly<Record<string, string>> = {
  Digits: DIGITS,
  Alphanumeric: `${DIGITS}ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz`,
};

/** Encrypts or decrypts texts over one alphabet. */
export class TextCipher {
  readonly #ff1: Ff1;
  readonly #alphabet: string;
  /** By byte: its numeral; 255 for punctuation that stays; 254 for what cannot be encrypted. */
  readonly #numerals = new Uint8Array(256).fill(254);
  readonly #countMin: number;

  constructor(key: Buffer, alphabetName: string) {
    this.#alphabet = ALPHABETS[alphabetName]!;
    this.#ff1 = new Ff1(key, this.#alphabet.length);
    this.#countMin = Math.ceil(Math.log(DOMAIN_MIN) / Math.log(this.#alphabet.length));
    for (let byte = 0x20; byte < 0x7f; byte++) {
      if (!/[0-9A-Za-z]/.test(String.fromCharCode(byte))) this.#numerals[byte] = 255;
    }
    for (const [numeral, character] of [...this.#alphabet].entries()) this.#numerals[character.charCodeAt(0)] = numeral;
  }

  /** The text with its numerals replaced; null when it holds other characters, too few numerals or too many characters. */
  transform(text: Buffer, direction: "encrypt" | "decrypt"): Buffer | null {
    if (text.length > CHARACTERS_MAX) return null;
    const radix = BigInt(this.#alphabet.length);
    let value = 0n;
    let count = 0;
    for (const byte of text) {
      const numeral = this.#numerals[byte]!;
      if (numeral === 254) return null;
      if (numeral === 255) continue;
      value = value * radix + BigInt(numeral);
      count++;
    }
    if (count < this.#countMin) return null;
    return this.#fill(text, this.#ff1[direction](value, count));
  }

  #fill(text: Buffer, value: bigint): Buffer {
    const radix = BigInt(this.#alphabet.length);
    const out = Buffer.from(text);
    let rest = value;
    for (let i = out.length - 1; i >= 0; i--) {
      if (this.#numerals[text[i]!] === 255) continue;
      out[i] = this.#alphabet.charCodeAt(Number(rest % radix));
      rest /= radix;
    }
    return out;
  }
}

export function textCipher(mask: MaskMethod, keys: MaskKeys, version: number = keys.version): TextCipher {
  const alphabet = textParameter(mask, "alphabet");
  return new TextCipher(keys.deriveKey(`${alphabet}\0${mask.keyName}`, "encrypt", version), alphabet);
}

/** Encrypt of a text; what cannot be encrypted has no masked form. */
export function encryptText(mask: MaskMethod, keys: MaskKeys): TextMasker {
  const cipher = textCipher(mask, keys);
  return (source, start, end, sink) => {
    const masked = cipher.transform(source.subarray(start, end), "encrypt");
    if (masked === null) return false;
    sink.write(masked, 0, masked.length);
    return true;
  };
}
