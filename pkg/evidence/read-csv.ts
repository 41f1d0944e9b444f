// A CSV of somebody else's (RFC 4180, a head line), as psql's `\copy ... csv header` writes it.
import { EvidencePackError } from "./evidence-pack-error.ts";

const ROWS_MAX = 1_000_000;

/** Records by the names of the head line. @throws EvidencePackError `input` */
export function readCsv(text: string, source: string): readonly Readonly<Record<string, string>>[] {
  const [head, ...lines] = linesOf(text.replace(/^\ufeff/, ""), source);
  if (head === undefined)
    throw new EvidencePackError("input", `${source}: it is empty; its first line must name the columns`);
  return lines.map((cells, at) => {
    if (cells.length !== head.length)
      throw new EvidencePackError(
        "input",
        `${source}: row ${at + 2} has ${cells.length} cells, the head has ${head.length}`,
      );
    return Object.fromEntries(head.map((name, column) => [name, cells[column]!]));
  });
}

function linesOf(text: string, source: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const cell = text[at] === '"' ? quotedCell(text, at + 1, source) : plainCell(text, at);
    row.push(cell.value);
    at = cell.end;
    if (text[at] === ",") {
      at++;
      if (at < text.length) continue;
      row.push("");
    } else at += text.startsWith("\r\n", at) ? 2 : 1;
    rows.push(row);
    if (rows.length > ROWS_MAX) throw new EvidencePackError("limit", `${source}: more than ${ROWS_MAX} rows`);
    row = [];
  }
  return rows;
}

interface FoundCell {
  readonly value: string;
  readonly end: number;
}

function plainCell(text: string, start: number): FoundCell {
  let end = start;
  while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r") end++;
  return { value: text.slice(start, end), end };
}

function quotedCell(text: string, start: number, source: string): FoundCell {
  for (let end = text.indexOf('"', start); end !== -1; end = text.indexOf('"', end + 2)) {
    if (text[end + 1] === '"') continue;
    return { value: text.slice(start, end).replaceAll('""', '"'), end: end + 1 };
  }
  throw new EvidencePackError("input", `${source}: a quoted cell does not end`);
}
