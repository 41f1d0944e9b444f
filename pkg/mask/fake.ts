// Fake: an invented value chosen by the HMAC of the real one. Reserved domains and numbers only (RFC 2606, 555-01xx).
import type { MaskMethod } from "../policy/decision.ts";
import { textParameter } from "../policy/method-parameters.ts";
import { CITIES, COMPANIES, COUNTRIES, FIRST_NAMES, LAST_NAMES, STREETS, WORDS } from "./fake-words.ts";
import { KeyedText, type Render } from "./keyed-text.ts";
import type { MaskKeys } from "./keys.ts";
import type { RowSink } from "./row-sink.ts";
import type { TextMasker } from "./text-cell.ts";
import { keyedText } from "./token.ts";

/** Draws numbers from a digest, four bytes each. */
class Draw {
  #at = 0;
  readonly #digest: Buffer;

  constructor(digest: Buffer) {
    this.#digest = digest;
  }

  below(count: number): number {
    const drawn = this.#digest.readUInt32BE(this.#at) % count;
    this.#at += 4;
    return drawn;
  }

  of(words: readonly string[]): string {
    return words[this.below(words.length)]!;
  }
}

const KINDS: Readonly<Record<string, (draw: Draw) => string>> = {
  Name: (draw) => `${draw.of(FIRST_NAMES)} ${draw.of(LAST_NAMES)}`,
  FirstName: (draw) => draw.of(FIRST_NAMES),
  LastName: (draw) => draw.of(LAST_NAMES),
  Email: (draw) => `${draw.of(FIRST_NAMES)}.${draw.of(LAST_NAMES)}${draw.below(10_000)}@example.com`.toLowerCase(),
  Phone: (draw) => `+1 ${200 + draw.below(800)} 555 01${String(draw.below(100)).padStart(2, "0")}`,
  Street: (draw) => `${1 + draw.below(200)} ${draw.of(STREETS)}`,
  City: (draw) => draw.of(CITIES),
  Country: (draw) => draw.of(COUNTRIES),
  Company: (draw) => `${draw.of(LAST_NAMES)} ${draw.of(COMPANIES)}`,
  Word: (draw) => draw.of(WORDS),
};

export function fakeText(mask: MaskMethod, keys: MaskKeys): TextMasker {
  const kind = textParameter(mask, "kind");
  const make = KINDS[kind]!;
  return fake(mask, keys, `text ${kind}`, (digest, sink) => sink.writeAscii(make(new Draw(digest))));
}

/** One of an enum's labels. */
export function fakeLabel(mask: MaskMethod, keys: MaskKeys, labels: readonly string[]): TextMasker {
  const render = (digest: Buffer, sink: RowSink) => sink.writeUtf8(new Draw(digest).of(labels));
  return fake(mask, keys, `label ${labels.join("\0")}`, render);
}

function fake(mask: MaskMethod, keys: MaskKeys, variant: string, render: Render): TextMasker {
  return keyedText(new KeyedText(keys, mask.keyName, "fake", variant, render));
}
