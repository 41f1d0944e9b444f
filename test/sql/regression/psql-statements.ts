// Cuts a file for psql into statements, as psql does: strings, comments, dollar quotes, parentheses, BEGIN ATOMIC bodies, backslash
// commands, COPY data. Only for test input; the product never reads SQL this way.

interface Piece {
  readonly end: number;
  /** What of it belongs to a statement. */
  readonly text: string;
}

export function psqlStatements(file: string): string[] {
  const found: string[] = [];
  let current = "";
  let depth = 0;
  let bodies = 0;
  for (let at = 0; at < file.length; ) {
    const piece = special(file, at, current);
    if (piece !== null) {
      current += piece.text;
      if (file[at] === "\\" && endsStatement(file, at)) current = keep(found, current);
      at = piece.end;
      continue;
    }
    const character = file[at]!;
    const word = wordAt(file, at, current);
    if (word === "begin" && /^begin\s+atomic\b/i.test(file.slice(at, at + 20))) bodies += 1;
    if (bodies > 0 && word === "case") bodies += 1;
    if (bodies > 0 && word === "end") bodies -= 1;
    if (character === "(") depth += 1;
    if (character === ")") depth = Math.max(0, depth - 1);
    at += 1;
    if (character !== ";" || depth > 0 || bodies > 0) {
      current += character;
      continue;
    }
    const end = copyDataEnd(file, at, current);
    if (end !== null) at = end;
    current = end === null ? keep(found, current) : "";
  }
  keep(found, current);
  return found;
}

function keep(found: string[], statement: string): "" {
  if (statement.trim() !== "") found.push(statement.trim());
  return "";
}

/** A string, comment, quoted name, dollar quote or backslash command that begins here. */
function special(file: string, at: number, before: string): Piece | null {
  if (file.startsWith("--", at)) return { end: lineEnd(file, at), text: "" };
  if (file.startsWith("/*", at)) return { end: commentEnd(file, at), text: " " };
  if (file[at] === "'") return verbatim(file, at, stringEnd(file, at, /(^|\W)[eE]$/.test(before)));
  if (file[at] === '"') return verbatim(file, at, endOf(file, '"', at + 1));
  if (file[at] === "\\") return { end: lineEnd(file, at), text: "" };
  const tag =
    file[at] === "$" && !/\w$/.test(before) ? /^\$([A-Za-z_]\w*)?\$/.exec(file.slice(at, at + 80))?.[0] : undefined;
  return tag === undefined ? null : verbatim(file, at, endOf(file, tag, at + tag.length));
}

function verbatim(file: string, at: number, end: number): Piece {
  return { end, text: file.slice(at, end) };
}

function endOf(file: string, sought: string, from: number): number {
  const found = file.indexOf(sought, from);
  return found === -1 ? file.length : found + sought.length;
}

function lineEnd(file: string, at: number): number {
  const found = file.indexOf("\n", at);
  return found === -1 ? file.length : found;
}

function commentEnd(file: string, at: number): number {
  let depth = 1;
  let end = at + 2;
  while (end < file.length && depth > 0) {
    const opens = file.startsWith("/*", end);
    const closes = file.startsWith("*/", end);
    depth += opens ? 1 : closes ? -1 : 0;
    end += opens || closes ? 2 : 1;
  }
  return end;
}

function stringEnd(file: string, at: number, escapes: boolean): number {
  let end = at + 1;
  while (end < file.length) {
    if (escapes && file[end] === "\\") end += 2;
    else if (file.startsWith("''", end)) end += 2;
    else if (file[end] === "'") return end + 1;
    else end += 1;
  }
  return end;
}

function wordAt(file: string, at: number, before: string): string {
  return /\w$/.test(before) ? "" : (/^[a-z]+\b/i.exec(file.slice(at, at + 12))?.[0].toLowerCase() ?? "");
}

function endsStatement(file: string, at: number): boolean {
  return /^\\(g|gset|gexec|gdesc|gx|crosstabview|watch|\.)/.test(file.slice(at, at + 14));
}

/** Where the lines after COPY ... FROM STDIN end; null for any other statement. */
function copyDataEnd(file: string, at: number, statement: string): number | null {
  if (!/^\s*copy\b[\s\S]*from\s+stdin/i.test(statement)) return null;
  return endOf(file, "\n\\.", at);
}
