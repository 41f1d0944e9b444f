// Partial: keeps what a person needs to recognise a value (a domain, last digits, a network) and hides the rest.
// Works on UTF-8 bytes; multi-byte characters are kept or hidden whole.
import type { MaskMethod } from "../policy/decision.ts";
import { booleanParameter, numberParameter, textParameter } from "../policy/method-parameters.ts";
import { ipText, networkOf, parseIp } from "./ip-address.ts";
import type { RowSink } from "./row-sink.ts";
import type { TextMasker } from "./text-cell.ts";
import { afterCharacters, characterCount } from "./text-limit.ts";

const AT = 0x40;
const DOT = 0x2e;
const HYPHEN = 0x2d;
/** Hidden parts always look this long, so that they do not tell their length. */
const HIDDEN = 3;
const KEPT_PHONE_DIGITS = 2;
const KEPT_CARD_DIGITS = 4;
const KEPT_IBAN_START = 2;
const KEPT_IBAN_END = 4;
/** The longest IPv6 text with an embedded IPv4 address and a prefix length. */
const IP_BYTES_MAX = 49;

interface Options {
  readonly keepFirst: number;
  readonly keepLast: number;
  readonly keepDomain: boolean;
  readonly prefix4: number;
  readonly prefix6: number;
  /** The hiding character, and three of them. */
  readonly one: Buffer;
  readonly hidden: Buffer;
}

type Part = (options: Options, source: Buffer, start: number, end: number, sink: RowSink) => boolean;

/** Partial of a text as the mask's parameters say; a text that is not of the named kind is hidden whole. */
export function partialText(mask: MaskMethod): TextMasker {
  const character = textParameter(mask, "character");
  const options: Options = {
    keepFirst: numberParameter(mask, "keepFirst"),
    keepLast: numberParameter(mask, "keepLast"),
    keepDomain: booleanParameter(mask, "keepDomain"),
    prefix4: numberParameter(mask, "prefix4"),
    prefix6: numberParameter(mask, "prefix6"),
    one: Buffer.from(character),
    hidden: Buffer.from(character.repeat(HIDDEN)),
  };
  const part = PARTS[textParameter(mask, "kind")] ?? auto;
  return (source, start, end, sink) => {
    const from = sink.position;
    if (part(options, source, start, end, sink)) return true;
    sink.rewind(from);
    sink.write(options.hidden, 0, options.hidden.length);
    return true;
  };
}

const PARTS: Readonly<Record<string, Part>> = {
  Email: email,
  Phone: phone,
  Card: card,
  Iban: iban,
  Ip: ip,
  Generic: generic,
};

function auto(options: Options, source: Buffer, start: number, end: number, sink: RowSink): boolean {
  if (email(options, source, start, end, sink)) return true;
  const from = sink.position;
  for (const part of [ip, card, iban, phone]) {
    if (part(options, source, start, end, sink)) return true;
    sink.rewind(from);
  }
  return generic(options, source, start, end, sink);
}

/** `ana.lopez@example.com` to `a***@example.com`. */
function email(options: Options, source: Buffer, start: number, end: number, sink: RowSink): boolean {
  const at = addressSign(source, start, end);
  if (at === -1) return false;
  // The local part keeps at most `keepFirst` characters, and never all of them.
  const after = afterCharacters(source, start, at, options.keepFirst);
  const hidden = options.hidden;
  const count = (after < at ? after - start : 0) + hidden.length + (options.keepDomain ? end - at : 1 + hidden.length);
  let to = sink.reserve(count);
  const out = sink.bytes;
  if (after < at) for (let i = start; i < after; ) out[to++] = source[i++]!;
  for (let i = 0; i < hidden.length; ) out[to++] = hidden[i++]!;
  if (options.keepDomain) for (let i = at; i < end; ) out[to++] = source[i++]!;
  else {
    out[to++] = AT;
    for (let i = 0; i < hidden.length; ) out[to++] = hidden[i++]!;
  }
  return true;
}

/** By byte, in an e-mail address: 0 nowhere, 1 before the @ only, 2 also in the domain, 3 a dot. */
const ADDRESS_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte <= 0x20 || byte === AT || byte === 0x7f) return 0;
  if (byte === DOT) return 3;
  return isDigit(byte) || isLetter(byte) || byte === HYPHEN || byte >= 0x80 ? 2 : 1;
});

/** Index of the @ of an e-mail address with a dotted domain; -1 when the text is not one. */
function addressSign(source: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && ADDRESS_BYTES[source[at]!] !== 0) at++;
  if (at === start || at >= end - 1 || source[at] !== AT || source[at + 1] === DOT || source[end - 1] === DOT)
    return -1;
  let dots = 0;
  for (let i = at + 1; i < end; i++) {
    const kind = ADDRESS_BYTES[source[i]!]!;
    if (kind < 2) return -1;
    dots += kind & 1;
  }
  return dots > 0 ? at : -1;
}

/** Keeps `keepFirst` and `keepLast` characters when at least as many are hidden as are kept. */
function generic(options: Options, source: Buffer, start: number, end: number, sink: RowSink): boolean {
  const count = characterCount(source, start, end);
  const kept = options.keepFirst + options.keepLast;
  if (count < 2 * kept) {
    sink.write(options.hidden, 0, options.hidden.length);
    return true;
  }
  sink.write(source, start, afterCharacters(source, start, end, options.keepFirst));
  sink.write(options.hidden, 0, options.hidden.length);
  if (options.keepLast > 0) sink.write(source, afterCharacters(source, start, end, count - options.keepLast), end);
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** Digits in a text of digits and the bytes of `between` only; -1 when there is anything else. */
function digitCount(source: Buffer, start: number, end: number, between: string): number {
  let count = 0;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    if (isDigit(byte)) count++;
    else if (!between.includes(String.fromCharCode(byte))) return -1;
  }
  return count;
}

/** Replaces every digit but the last `kept`; punctuation stays. */
function hideDigits(options: Options, source: Buffer, start: number, end: number, hide: number, sink: RowSink): void {
  let left = hide;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    if (isDigit(byte) && left > 0) {
      left--;
      sink.write(options.one, 0, options.one.length);
    } else sink.writeByte(byte);
  }
}

/** `+34 600 111 222` to `+** *** *** *22`; 6 to 15 digits (E.164). */
function phone(options: Options, source: Buffer, start: number, end: number, sink: RowSink): boolean {
  const digits = digitCount(source, start, end, "+-(). /");
  if (digits < 6 || digits > 15) return false;
  hideDigits(options, source, start, end, digits - KEPT_PHONE_DIGITS, sink);
  return true;
}

/** `4111 1111 1111 1111` to `**** **** **** 1111`; 12 to 19 digits (ISO/IEC 7812) that pass the Luhn check. */
function card(options: Options, source: Buffer, start: number, end: number, sink: RowSink): boolean {
  const digits = digitCount(source, start, end, " -");
  if (digits < 12 || digits > 19 || !luhn(source, start, end)) return false;
  hideDigits(options, source, start, end, digits - KEPT_CARD_DIGITS, sink);
  return true;
}

function luhn(source: Buffer, start: number, end: number): boolean {
  let sum = 0;
  let double = false;
  for (let i = end - 1; i >= start; i--) {
    if (!isDigit(source[i]!)) continue;
    const digit = source[i]! - 0x30;
    const weighted = double ? 2 * digit : digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
    double = !double;
  }
  return sum % 10 === 0;
}

/** `DE89 3704 0044 0532 0130 00` to `DE** **** **** **** **30 00`; 15 to 34 characters (ISO 13616). */
function iban(options: Options, source: Buffer, start: number, end: number, sink: RowSink): boolean {
  let characters = 0;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    if (byte === 0x20) continue;
    const fits = characters < 2 ? isLetter(byte) : characters < 4 ? isDigit(byte) : isDigit(byte) || isLetter(byte);
    if (!fits) return false;
    characters++;
  }
  if (characters < 15 || characters > 34) return false;
  let seen = 0;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    if (byte === 0x20) {
      sink.writeByte(byte);
      continue;
    }
    if (seen < KEPT_IBAN_START || seen >= characters - KEPT_IBAN_END) sink.writeByte(byte);
    else sink.write(options.one, 0, options.one.length);
    seen++;
  }
  return true;
}

/** `192.168.17.4` to `192.168.0.0`, IPv6 likewise: the network is kept, the host part is zero. */
function ip(options: Options, source: Buffer, start: number, end: number, sink: RowSink): boolean {
  if (end - start < 2 || end - start > IP_BYTES_MAX || !looksLikeIp(source, start, end)) return false;
  const address = parseIp(source.toString("latin1", start, end));
  if (address === null) return false;
  const network = networkOf(address.bytes, address.bytes.length === 4 ? options.prefix4 : options.prefix6);
  sink.writeAscii(ipText(network));
  if (address.masked) sink.writeAscii(`/${address.bits}`);
  return true;
}

/** Only hexadecimal digits, dots, colons and a slash: rules out nearly every other text without making a string. */
function looksLikeIp(source: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    const fits = (byte >= 0x2e && byte <= 0x3a) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
    if (!fits) return false;
  }
  return true;
}
