// Encoded statement texts, by the text itself: the gate makes a new object for every decision, the string in it is the analysis' own.
// Bounded by characters and bytes; when full it begins anew, which is rare and cheap.

import { lasting } from "./lasting-bytes.ts";

const CHARS_MAX = 4 * 1024 * 1024;

interface Kept {
  readonly fingerprint: string;
  readonly encoded: Buffer;
}

export class TextCache {
  private readonly kept = new Map<string, Kept>();
  private chars = 0;

  of(text: string, fingerprint: string, encode: () => Buffer): Buffer {
    const known = this.kept.get(text);
    if (known?.fingerprint === fingerprint) return known.encoded;
    const encoded = lasting(encode());
    this.chars += text.length + encoded.length;
    if (this.chars > CHARS_MAX) {
      this.kept.clear();
      this.chars = text.length + encoded.length;
    }
    if (this.chars <= CHARS_MAX) this.kept.set(text, { fingerprint, encoded });
    return encoded;
  }
}
