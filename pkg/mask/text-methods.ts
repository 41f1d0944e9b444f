// How each method masks a text.
import type { MaskMethod } from "../policy/decision.ts";
import { encryptText } from "./encrypt.ts";
import { fakeText } from "./fake.ts";
import type { MaskKeys } from "./keys.ts";
import { partialText } from "./partial.ts";
import { redactText } from "./redact.ts";
import type { TextMasker } from "./text-cell.ts";
import { tokenText } from "./token.ts";

/** null when the method does not fit a text of at most `charactersMax` characters. Methods with a key need `keys`. */
export function textMethod(mask: MaskMethod, keys: MaskKeys | null, charactersMax: number): TextMasker | null {
  switch (mask.method) {
    case "Redact":
      return redactText(mask);
    case "Partial":
      return partialText(mask);
    case "Token":
      return keys === null ? null : tokenText(mask, keys, charactersMax);
    case "Encrypt":
      return keys === null ? null : encryptText(mask, keys);
    case "Fake":
      return keys === null ? null : fakeText(mask, keys);
    default:
      return null;
  }
}
