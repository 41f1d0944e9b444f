// Redact: a marker instead of the text, or one character for each of its characters.
import type { MaskMethod } from "../policy/decision.ts";
import { booleanParameter, textParameter } from "../policy/method-parameters.ts";
import { constantText, type TextMasker } from "./text-cell.ts";
import { characterCount } from "./text-limit.ts";

export function redactText(mask: MaskMethod): TextMasker {
  if (!booleanParameter(mask, "keepLength")) return constantText(textParameter(mask, "text"));
  const one = Buffer.from(textParameter(mask, "character"));
  return (source, start, end, sink) => {
    const count = characterCount(source, start, end);
    const at = sink.reserve(count * one.length);
    sink.bytes.fill(one, at, at + count * one.length);
    return true;
  };
}
