// A text made from the HMAC of a value: the common part of Token and Fake, with the cache of recent results.
import type { KeyPurpose, MaskKeys } from "./keys.ts";
import { RowSink } from "./row-sink.ts";
import { Hmac } from "./sha256.ts";

/** Appends what stands for a value with this HMAC, which it may overwrite. */
export type Render = (digest: Buffer, sink: RowSink) => void;

export class KeyedText {
  readonly #hmac: Hmac;
  readonly #keys: MaskKeys;
  readonly #space: number;
  readonly #render: Render;
  readonly #scratch = new RowSink();

  /** `variant` names the rendering: equal key, purpose and variant mean equal results. */
  constructor(keys: MaskKeys, keyName: string, purpose: KeyPurpose, variant: string, render: Render) {
    this.#hmac = new Hmac(keys.deriveKey(keyName, purpose));
    this.#keys = keys;
    this.#space = keys.tokens.space(`${keys.version}\0${purpose}\0${variant}\0${keyName}`);
    this.#render = render;
  }

  /** Appends the result for source[start, end). */
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
