// Recognises a masked value in what a client sends back, so that it is not stored over the real one.
import type { MaskKeys } from "./keys.ts";
import { TEXT_MARKER } from "./text-cell.ts";
import { TOKEN_EMAIL_DOMAIN, TOKEN_PREFIX } from "./token.ts";
import { TokenCheck } from "./token-check.ts";

const PREFIX = Buffer.from(TOKEN_PREFIX);
const DOMAIN = Buffer.from(`@${TOKEN_EMAIL_DOMAIN}`);
const MARKERS: readonly Buffer[] = [Buffer.from(TEXT_MARKER), Buffer.from("[redacted]")];

/** Tells text tokens, e-mail tokens and default markers; other masked forms look like any value and are not told. */
export class MaskedValues {
  readonly #checks: readonly TokenCheck[];

  /** `keys: null`: markers only. Tokens of every key version held are told. */
  constructor(keys: MaskKeys | null) {
    this.#checks =
      keys === null ? [] : keys.versions.map((version) => new TokenCheck(keys.deriveKey("", "check", version)));
  }

  /** Whether the whole of source[start, end), a text, is a masked value. */
  has(source: Buffer, start = 0, end = source.length): boolean {
    const text = source.subarray(start, end);
    if (MARKERS.some((marker) => marker.equals(text))) return true;
    const hasPrefix = text.subarray(0, PREFIX.length).equals(PREFIX);
    const bodyStart = start + (hasPrefix ? PREFIX.length : 0);
    const isEmail = !hasPrefix && text.length > DOMAIN.length && text.subarray(-DOMAIN.length).equals(DOMAIN);
    if (!hasPrefix && !isEmail) return false;
    const bodyEnd = isEmail ? end - DOMAIN.length : end;
    return this.#checks.some((check) => check.matches(source, bodyStart, bodyEnd));
  }
}
