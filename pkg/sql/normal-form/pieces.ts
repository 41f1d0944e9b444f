// A statement as pieces: what stays of it, and where a value stood.
import type { Constants } from "./constants.ts";
import type { Token } from "./tokens.ts";

export interface Piece {
  /** `value`: a literal; `param`: one of the statement's own parameters. */
  readonly kind: "word" | "quoted" | "symbol" | "param" | "size" | "value";
  readonly text: string;
  /** A string that the tree has no constant for: not proven to be only that. */
  readonly unproven?: boolean;
}

/**
 * `base`: the offset of the scanned text in the text that the tree's locations refer to. Null: tree and tokens differ in where
 * constants are, so one of them reads the text otherwise than the server.
 */
export function piecesOf(
  text: string,
  tokens: readonly Token[],
  constants: Constants,
  base: number,
): readonly Piece[] | null {
  const pieces: Piece[] = [];
  let met = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    const next = tokens[index + 1];
    const written = text.slice(token.start, token.end);
    const signed = written === "-" && next?.kind === "number" && constants.numbers.has(base + token.start);
    const piece: Piece = signed ? { kind: "value", text: "" } : pieceOf(token, written, constants, base + token.start);
    if (isConstant(constants, base + token.start)) met += 1;
    if (signed) index += 1;
    pieces.push(piece);
  }
  return met === countOf(constants) ? pieces : null;
}

function pieceOf({ kind }: Token, written: string, constants: Constants, place: number): Piece {
  if (constants.settings.has(place)) return { kind: "value", text: "" };
  switch (kind) {
    case "string":
      return { kind: "value", text: "", unproven: !constants.strings.has(place) || isAmbiguous(written) };
    case "number":
      return constants.sizes.has(place) ? { kind: "size", text: written } : { kind: "value", text: "" };
    case "word":
      return isKeywordValue(written, constants, place) ? { kind: "value", text: "" } : { kind, text: written };
    default:
      return { kind, text: written };
  }
}

/** PostgreSQL 14 reads true and false as the strings t and f. */
function isKeywordValue(word: string, { keywords, strings }: Constants, place: number): boolean {
  return (keywords.has(place) || strings.has(place)) && /^(true|false|null)$/i.test(word);
}

/** With standard_conforming_strings off it would end elsewhere. */
function isAmbiguous(literal: string): boolean {
  return literal.startsWith("'") && literal.includes("\\'");
}

function isConstant({ strings, numbers, keywords }: Constants, place: number): boolean {
  return strings.has(place) || numbers.has(place) || keywords.has(place);
}

function countOf({ strings, numbers, keywords }: Constants): number {
  return strings.size + numbers.size + keywords.size;
}
