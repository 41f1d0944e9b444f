// Masks of json and jsonb columns, whole or by path, and of texts that hold a json document.
import type { MaskMethod } from "../policy/decision.ts";
import { needsKey } from "../policy/method-parameters.ts";
import type { CellMasker } from "./cell.ts";
import { decimalText, parseDecimal, trimmed, wholeOf } from "./decimal.ts";
import { INTEGER_END, IntegerPermutation } from "./integer.ts";
import { stringText, writeString } from "./json-text.ts";
import { JsonWalker, type LeafMasker, pathTree } from "./json-walker.ts";
import type { MaskKeys } from "./keys.ts";
import { decimalMethod } from "./number-methods.ts";
import { RowSink } from "./row-sink.ts";
import { TEXT_MARKER, type TextMasker } from "./text-cell.ts";
import { textMethod } from "./text-methods.ts";
import { OID } from "./type-oids.ts";

const JSONB_VERSION = 1;

interface Path {
  readonly path: readonly string[];
  readonly mask: MaskMethod;
}

/** Masks the parts of a document that `paths` lead to. `version`: the value begins with jsonb's version byte. */
export function jsonPathsCell(
  paths: readonly Path[],
  version: boolean,
  keys: MaskKeys | null,
  otherwise: CellMasker,
): CellMasker {
  const tree = pathTree(paths.map(({ path, mask }) => ({ path, mask: leafMasker(mask, keys) })));
  return (source, start, end, sink) => {
    const from = sink.position;
    const begin = version ? start + 1 : start;
    if (version && source[start] !== JSONB_VERSION) return otherwise(source, start, end, sink);
    if (version) sink.writeByte(JSONB_VERSION);
    if (new JsonWalker(source, begin, end, sink).mask(tree)) return true;
    sink.rewind(from);
    return otherwise(source, start, end, sink);
  };
}

/** A method over a whole document: a JSON string of the masked text of the document; null where it does not fit. */
export function jsonWholeCell(
  mask: MaskMethod,
  version: boolean,
  keys: MaskKeys | null,
  otherwise: CellMasker,
): CellMasker | null {
  if (mask.method !== "Token" && mask.method !== "Redact") return null;
  const masker = textMethod(mask, keys, Infinity);
  if (masker === null) return null;
  const scratch = new RowSink();
  return (source, start, end, sink) => {
    const masked = maskedText(masker, source, version ? start + 1 : start, end, scratch);
    if (masked === null) return otherwise(source, start, end, sink);
    if (version) sink.writeByte(JSONB_VERSION);
    writeString(masked, sink);
    return true;
  };
}

function maskedText(masker: TextMasker, source: Buffer, start: number, end: number, scratch: RowSink): string | null {
  scratch.rewind(0);
  if (!masker(source, start, end, scratch)) return null;
  const from = scratch.indexOf(0);
  return scratch.bytes.toString("utf8", from, from + scratch.position);
}

/** Strings by the method's text form, numbers by its number form, else the neutral `"***"`, `0` and `false`. */
function leafMasker(mask: MaskMethod, keys: MaskKeys | null): LeafMasker {
  if (mask.method === "Null") return () => false;
  const usable = !needsKey(mask.method) || keys !== null;
  const text = usable ? textMethod(mask, keys, Infinity) : null;
  const number = usable ? numberMethod(mask, keys) : null;
  const scratch = new RowSink();
  return (kind, source, start, end, sink) => {
    if (kind === "boolean") sink.writeAscii("false");
    else if (kind === "number") sink.writeAscii(number?.(source.toString("latin1", start, end)) ?? "0");
    else writeString(maskedString(text, source, start, end, scratch), sink);
    return true;
  };
}

function maskedString(text: TextMasker | null, source: Buffer, start: number, end: number, scratch: RowSink): string {
  const value = text === null ? undefined : stringText(source, start, end);
  if (text === null || value === undefined) return TEXT_MARKER;
  const bytes = Buffer.from(value);
  return maskedText(text, bytes, 0, bytes.length, scratch) ?? TEXT_MARKER;
}

/** How a method masks a JSON number; null where it does not, undefined from it where this number has no masked form. */
function numberMethod(mask: MaskMethod, keys: MaskKeys | null): ((text: string) => string | undefined) | null {
  const decimal = decimalMethod(mask);
  if (decimal !== null) {
    return (text) => {
      const value = parseDecimal(text);
      const masked = value === undefined ? undefined : decimal(value);
      return masked === undefined ? undefined : decimalText(trimmed(masked));
    };
  }
  if ((mask.method !== "Token" && mask.method !== "Encrypt") || keys === null) return null;
  const purpose = mask.method === "Token" ? "token" : "encrypt";
  const permutation = new IntegerPermutation(keys.deriveKey(mask.keyName, purpose), OID.int8);
  return (text) => {
    const value = parseDecimal(text);
    const whole = value === undefined ? undefined : wholeOf(value);
    if (whole === undefined || whole >= INTEGER_END || whole < -INTEGER_END) return undefined;
    return permutation.encrypt(whole).toString();
  };
}
