// Text of one statement without its literals, and a fingerprint that is the same for statements that differ only in literals,
// comments and layout (invariant 9). By construction: only words, identifiers, symbols and parameters of the text stay, as
// PostgreSQL's lexical rules tell them; and the tree must agree about where constants are.
import { hash } from "node:crypto";
import type { Grammar } from "./grammar.ts";
import type { Node } from "./node.ts";
import { constantsOf } from "./normal-form/constants.ts";
import { folded } from "./normal-form/fold.ts";
import { type Piece, piecesOf } from "./normal-form/pieces.ts";
import { type Token, tokensOf } from "./normal-form/tokens.ts";
import { lastParam, written } from "./normal-form/written.ts";

export interface Normalized {
  /** null when not proven free of literals: rejected by the grammar, or with strings that are no constants (passwords, bodies). */
  readonly normalized: string | null;
  /** Hex, 16 bytes of SHA-256. No literal goes into it, so none can be guessed from it. */
  readonly fingerprint: string;
}

/**
 * `node`: the statement's tree, null when there is none; its locations are byte offsets in `text`. `named`: what its names mean is
 * known. Where it is not, one in double quotes may be a value by mistake (`WHERE email = "a@b"`), and counts as one.
 */
export function normalize(
  _grammar: Grammar,
  text: Buffer,
  node: Node | null,
  startByte: number,
  endByte: number,
  named = true,
): Normalized {
  const bytes = text.toString("latin1", startByte, endByte);
  const tokens = tokensOf(bytes);
  const pieces = tokens === null || node === null ? null : piecesOf(bytes, tokens, constantsOf(node), startByte);
  const hidden = named ? pieces : (pieces?.map(asValue) ?? null);
  if (hidden === null)
    return { normalized: null, fingerprint: digest(tokens === null ? ["unreadable"] : tokens.map(outline)) };
  const short = folded(hidden);
  const proven = hidden.every((piece) => piece.unproven !== true);
  return { normalized: proven ? utf8(written(short, lastParam(hidden))) : null, fingerprint: digest(short.map(stamp)) };
}

function asValue(piece: Piece): Piece {
  return piece.kind === "quoted" ? { kind: "value", text: "" } : piece;
}

/** Case is layout for words; a parameter and a literal are both values. */
function stamp({ kind, text }: Piece): string {
  if (kind === "value" || kind === "param") return "?";
  return kind === "word" ? text.toLowerCase() : text;
}

/** Of a text that nobody understood only the kinds of its tokens: a word may be part of a literal. */
function outline({ kind }: Token): string {
  return kind;
}

function digest(parts: readonly string[]): string {
  return hash("sha256", Buffer.from(parts.join("\0"), "latin1"), "hex").slice(0, 32);
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
