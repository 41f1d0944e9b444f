// Lists of values of any length count as one: IN (...), ARRAY[...], and rows of VALUES that look alike.
import type { Piece } from "./pieces.ts";

/** Stands for further elements like the one before. */
export const MORE: Piece = { kind: "symbol", text: "..." };

const isValue = (piece: Piece | undefined) => piece?.kind === "value" || piece?.kind === "param";
const is = (piece: Piece | undefined, text: string) =>
  piece?.text === text && (piece.kind === "symbol" || piece.kind === "word");

export function folded(pieces: readonly Piece[]): readonly Piece[] {
  return foldRows(foldLists(pieces));
}

/** `IN (v, v, v)` and `ARRAY[v]` become `IN (v, ...)` and `ARRAY[v, ...]`. */
function foldLists(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = pieces[index]!;
    result.push(piece);
    if (!opensList(pieces, index)) continue;
    const end = listEnd(pieces, index + 1);
    if (end < 0) continue;
    result.push(pieces[index + 1]!, { kind: "symbol", text: "," }, MORE);
    index = end - 1;
  }
  return result;
}

function opensList(pieces: readonly Piece[], index: number): boolean {
  const before = pieces[index - 1];
  if (before?.kind !== "word") return false;
  const word = before.text.toLowerCase();
  return (word === "in" && is(pieces[index], "(")) || (word === "array" && is(pieces[index], "["));
}

/** The position of the closing bracket of a list of nothing but values; -1 for any other. */
function listEnd(pieces: readonly Piece[], first: number): number {
  let position = first;
  while (isValue(pieces[position]) && is(pieces[position + 1], ",")) position += 2;
  if (!isValue(pieces[position])) return -1;
  return is(pieces[position + 1], ")") || is(pieces[position + 1], "]") ? position + 1 : -1;
}

/** `VALUES (a, b), (a, b)` becomes `VALUES (a, b), ...` as long as the rows look alike. */
function foldRows(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (let index = 0; index < pieces.length; index += 1) {
    result.push(pieces[index]!);
    if (pieces[index]!.kind !== "word" || pieces[index]!.text.toLowerCase() !== "values" || !is(pieces[index + 1], "("))
      continue;
    const rowEnd = closing(pieces, index + 1);
    if (rowEnd < 0) continue;
    const row = pieces.slice(index + 1, rowEnd + 1);
    result.push(...row);
    let end = rowEnd;
    while (is(pieces[end + 1], ",") && alike(row, pieces.slice(end + 2, end + 2 + row.length))) end += 1 + row.length;
    if (end > rowEnd) result.push({ kind: "symbol", text: "," }, MORE);
    index = end;
  }
  return result;
}

function closing(pieces: readonly Piece[], open: number): number {
  let depth = 0;
  for (let position = open; position < pieces.length; position += 1) {
    if (is(pieces[position], "(")) depth += 1;
    if (is(pieces[position], ")")) depth -= 1;
    if (depth === 0) return position;
  }
  return -1;
}

function alike(one: readonly Piece[], other: readonly Piece[]): boolean {
  const same = (a: Piece, b: Piece | undefined) =>
    (isValue(a) && isValue(b)) || (a.kind === b?.kind && a.text === b.text);
  return one.length === other.length && one.every((piece, position) => same(piece, other[position]));
}
