// PostgreSQL's lexical rules (parser/scan.l, standard_conforming_strings on), as far as they tell where one token ends and whether
// it is a literal. Works on bytes as characters 0 to 255 (latin1), so positions are byte offsets as the grammar counts them,
// and every byte above 127 is a letter, as it is for PostgreSQL.

export type TokenKind =
  /** Unquoted identifier or keyword. */
  | "word"
  /** "identifier", U&"identifier". */
  | "quoted"
  /** '...', E'...', U&'...', B'...', X'...', $tag$...$tag$, with what continues it on a later line. */
  | "string"
  | "number"
  /** $1 */
  | "param"
  | "symbol";

export interface Token {
  readonly kind: TokenKind;
  /** Byte offset in the scanned text, of the first byte and behind the last. */
  readonly start: number;
  readonly end: number;
}

const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13);
const isDigit = (code: number) => code >= 48 && code <= 57;
const isLetter = (code: number) =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128;
const isWordPart = (code: number) => isLetter(code) || isDigit(code) || code === 36;
const operatorCharacters = "~!@#^&|`?+-*/%<>=";

/** All tokens, blanks and comments left out; null where a string, identifier or comment does not end. */
export function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  for (const token of scanned(text)) {
    if (token === null) return null;
    tokens.push(token);
  }
  return /uescape/i.test(text) ? withEscapeClauses(text, tokens) : tokens;
}

/** Whether the text can be read and has no more tokens than this. */
export function hasAtMost(text: string, tokensMax: number): boolean {
  let tokens = 0;
  for (const token of scanned(text)) {
    tokens += 1;
    if (token === null || tokens > tokensMax) return false;
  }
  return true;
}

/** Ends with null where a string, identifier or comment does not end. */
function* scanned(text: string): Generator<Token | null> {
  for (let position = skipBlanks(text, 0); position !== text.length; ) {
    const kind = position < 0 ? null : kindAt(text, position);
    const end = kind === null ? -1 : endOf(kind, text, position);
    if (kind === null || end < 0) return yield null;
    yield { kind, start: position, end };
    position = skipBlanks(text, end);
  }
}

/** The position of the next token; -1 for a comment that does not end. */
function skipBlanks(text: string, from: number): number {
  let position = from;
  while (position < text.length) {
    if (isSpace(text.charCodeAt(position))) position += 1;
    else if (text.startsWith("--", position)) position = lineEnd(text, position);
    else if (text.startsWith("/*", position)) {
      position = commentEnd(text, position);
      if (position < 0) return -1;
    } else return position;
  }
  return position;
}

function lineEnd(text: string, from: number): number {
  for (let position = from; position < text.length; position += 1) {
    if (text[position] === "\n" || text[position] === "\r") return position;
  }
  return text.length;
}

/** Comments nest. */
function commentEnd(text: string, from: number): number {
  let depth = 0;
  for (let position = from; position < text.length; ) {
    if (text.startsWith("/*", position)) depth += 1;
    else if (text.startsWith("*/", position)) depth -= 1;
    else {
      position += 1;
      continue;
    }
    position += 2;
    if (depth === 0) return position;
  }
  return -1;
}

/** What has no other kind is a symbol of one character, as for the server. */
function kindAt(text: string, position: number): TokenKind {
  const code = text.charCodeAt(position);
  const character = text[position]!;
  if (character === "'") return "string";
  if (character === '"') return "quoted";
  if (isDigit(code)) return "number";
  if (character === ".") return isDigit(text.charCodeAt(position + 1)) ? "number" : "symbol";
  if (character === "$") return dollarKind(text, position);
  return isLetter(code) ? prefixed(text, position) : "symbol";
}

function dollarKind(text: string, position: number): TokenKind {
  if (isDigit(text.charCodeAt(position + 1))) return "param";
  return dollarTag(text, position) === null ? "symbol" : "string";
}

/** A letter that belongs to the quote behind it. N'...' is the word N and a string, as for the server. */
function prefixed(text: string, position: number): TokenKind {
  const letter = text[position]!.toLowerCase();
  const next = text[position + 1];
  if ((letter === "e" || letter === "b" || letter === "x") && next === "'") return "string";
  if (letter === "u" && next === "&" && text[position + 2] === "'") return "string";
  if (letter === "u" && next === "&" && text[position + 2] === '"') return "quoted";
  return "word";
}

function endOf(kind: TokenKind, text: string, start: number): number {
  switch (kind) {
    case "word":
      return wordEnd(text, start);
    case "param":
      return digitsEnd(text, start + 1);
    case "number":
      return numberEnd(text, start);
    case "quoted":
      return quoteEnd(text, text.indexOf('"', start), '"', false);
    case "string":
      return text[start] === "$" ? dollarEnd(text, start) : stringEnd(text, start);
    case "symbol":
      return symbolEnd(text, start);
    default:
      return kind satisfies never;
  }
}

function wordEnd(text: string, start: number): number {
  let position = start + 1;
  while (position < text.length && isWordPart(text.charCodeAt(position))) position += 1;
  return position;
}

function digitsEnd(text: string, start: number): number {
  let position = start;
  while (position < text.length && isDigit(text.charCodeAt(position))) position += 1;
  return position;
}

/** Decimal with fraction and exponent, hexadecimal, octal, binary, underscores between digits. Two dots after it are not its own. */
const number =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:[0-9](?:_?[0-9])*(?:\.(?!\.)(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][-+]?[0-9](?:_?[0-9])*)?/y;

function numberEnd(text: string, start: number): number {
  number.lastIndex = start;
  return start + (number.exec(text)?.[0].length ?? -1 - start);
}

/** Behind the closing quote, which is not doubled; `open` is the position of the opening one. */
function quoteEnd(text: string, open: number, quote: string, backslashes: boolean): number {
  for (let position = open + 1; position < text.length; position += 1) {
    if (backslashes && text[position] === "\\") position += 1;
    else if (text[position] === quote) {
      if (text[position + 1] !== quote) return position + 1;
      position += 1;
    }
  }
  return -1;
}

/** Bit strings know no doubled quote. */
function stringEnd(text: string, start: number): number {
  const letter = text[start]!.toLowerCase();
  const bits = letter === "b" || letter === "x";
  const endFrom = (open: number) =>
    bits ? text.indexOf("'", open + 1) + 1 || -1 : quoteEnd(text, open, "'", letter === "e");
  let end = endFrom(text.indexOf("'", start));
  for (let next = continued(text, end); next >= 0; next = continued(text, end)) end = endFrom(next);
  return end;
}

/** A string goes on in the next line: blanks and line comments with a line end among them, then a quote. */
const continuation = /(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;

function continued(text: string, end: number): number {
  if (end < 0) return -1;
  continuation.lastIndex = end;
  const found = continuation.exec(text);
  return found === null ? -1 : end + found[0].length - 1;
}

const dollar = /\$(?:[A-Za-z_\x80-\xff][A-Za-z_0-9\x80-\xff]*)?\$/y;

function dollarTag(text: string, start: number): string | null {
  dollar.lastIndex = start;
  return dollar.exec(text)?.[0] ?? null;
}

function dollarEnd(text: string, start: number): number {
  const tag = dollarTag(text, start)!;
  const close = text.indexOf(tag, start + tag.length);
  return close < 0 ? -1 : close + tag.length;
}

/** An operator ends where a comment begins; it ends in + or - only if it holds one of the characters of the second list. */
function symbolEnd(text: string, start: number): number {
  if (",()[];".includes(text[start]!)) return start + 1;
  if (text.startsWith("::", start) || text.startsWith(":=", start) || text.startsWith("..", start)) return start + 2;
  let end = start;
  while (end < text.length && operatorCharacters.includes(text[end]!)) {
    if (end > start && (text.startsWith("--", end) || text.startsWith("/*", end))) break;
    end += 1;
  }
  if (!/[~!@#^&|`?%]/.test(text.slice(start, end))) {
    while (end > start + 1 && /[+-]/.test(text[end - 1]!)) end -= 1;
  }
  return Math.max(end, start + 1);
}

/** U&'...' UESCAPE '!' is one token: the escape character is no literal of its own. */
function withEscapeClauses(text: string, tokens: readonly Token[]): readonly Token[] {
  const joined: Token[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    const [word, character] = [tokens[index + 1], tokens[index + 2]];
    const escaped =
      /^u&/i.test(text.slice(token.start, token.start + 2)) &&
      (token.kind === "string" || token.kind === "quoted") &&
      word?.kind === "word" &&
      text.slice(word.start, word.end).toLowerCase() === "uescape" &&
      character?.kind === "string";
    joined.push(escaped ? { ...token, end: character.end } : token);
    if (escaped) index += 2;
  }
  return joined;
}
