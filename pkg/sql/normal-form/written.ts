// Pieces back to a line of text: values as $n after the statement's own parameters, blanks where one would write them.
import type { Piece } from "./pieces.ts";

/** The highest number of the statement's own parameters. */
export function lastParam(pieces: readonly Piece[]): number {
  const own = pieces.filter(({ kind }) => kind === "param").map(({ text }) => Number(text.slice(1)));
  return own.reduce((most, number) => Math.max(most, number), 0);
}

export function written(pieces: readonly Piece[], last: number): string {
  let next = last;
  let line = "";
  for (const [position, piece] of pieces.entries()) {
    const before = pieces[position - 1];
    if (before !== undefined && isApart(before, piece)) line += " ";
    if (piece.kind === "value") next += 1;
    line += piece.kind === "value" ? `$${next}` : piece.text;
  }
  return line;
}

/** Words that a parenthesis is set apart from; behind any other word it is that of a call or a type. */
const apart = new Set(
  `in values and or not exists as from join on using where select union except intersect all any some over when then else case by
  having limit offset returning set with is like between distinct into row lateral check key references within filter default if
  copy explain do to primary unique foreign include begin table only materialized recursive conflict ordinality format like ilike`.split(
    /\s+/,
  ),
);

function isApart(before: Piece, piece: Piece): boolean {
  if (before.kind === "symbol" && ["(", "[", ".", "::"].includes(before.text)) return false;
  if (piece.kind !== "symbol") return true;
  if ([",", ")", "]", ".", ";", "::", "["].includes(piece.text)) return false;
  if (piece.text !== "(") return true;
  return (
    before.kind === "symbol" ||
    before.kind === "value" ||
    before.kind === "param" ||
    (before.kind === "word" && apart.has(before.text.toLowerCase()))
  );
}
