// A text without its literals: what stays is copied, each plain literal becomes one byte that tells its kind, and so does a comment
// behind the first token. Two texts of one shape are read alike by PostgreSQL's lexer and grammar, up to the values of the literals:
// at the beginning of each the lexer is in the same state, and each kind ends by the same rule. What does not follow these few rules
// (escape and dollar strings, exponents, hexadecimal, numbers beyond a bigint) has no shape. Source: scan.l.
import { isSmallNumeric, SMALL_INTEGER_MAX } from "./lineage/small-literal.ts";

/** Texts beyond this have no shape. */
const TEXT_BYTES_MAX = 8 * 1024;
const PREFIX_BYTES = 2;

const STRING = 1;
/** By the type that PostgreSQL gives it: integer, bigint, numeric; of an operand of arithmetic also whether it is small (small-literal.ts). */
const INT4 = 2;
const INT8 = 3;
const NUMERIC = 4;
const COMMENT = 5;
const SMALL_INT4 = 6;
const SMALL_NUMERIC = 7;

const BACKSLASH = 0x5c;
const DOLLAR = 0x24;
const DOUBLE_QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const QUOTE = 0x27;
const SLASH = 0x2f;
const STAR = 0x2a;
const AMPERSAND = 0x26;
const OPEN = 0x28;
const CLOSE = 0x29;

const OTHER = 0;
const BLANK = 1;
const WORD = 2;
const DIGIT = 3;
const FORBIDDEN = 4;

const classes = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return BLANK;
  if (code < 0x20) return FORBIDDEN;
  const letter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
  return letter || code === 0x5f || code >= 0x80 ? WORD : OTHER;
});

/**
 * Whether the tree of a text has exactly the literals that its shape has: `places` are those of the tree (constant-watch.ts), `starts`
 * those of the shape. A sign belongs to the number behind it.
 */
export function hasLiteralsAt(text: Buffer, places: ReadonlySet<number>, starts: Int32Array): boolean {
  if (places.size !== starts.length) return false;
  const met = new Set<number | undefined>();
  for (const place of places) met.add(text[place] === MINUS ? starts.find((start) => start > place) : place);
  return met.size === starts.length && starts.every((start) => met.has(start));
}

export interface Shape {
  /** One character a byte. */
  readonly key: string;
  /** Byte offsets where the literals begin, ascending. */
  readonly starts: Int32Array;
  /** Byte offset of the last literal or comment that the key holds by its kind only; -1 when there is none. */
  readonly last: number;
}

/** Reads one text after the other; what it tells is good until the next `read`. */
export class ShapeReader {
  /** The key's bytes; only the first `length` count. */
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(TEXT_BYTES_MAX + PREFIX_BYTES);
  #last = -1;
  #count = 0;
  readonly #starts = new Int32Array(TEXT_BYTES_MAX);
  #length = 0;

  /** `prefix`: below 65,536, kept apart in the key. False: the text has no shape. */
  read(text: Buffer, prefix: number): boolean {
    if (text.length > TEXT_BYTES_MAX) return false;
    const out = this.bytes;
    out[0] = prefix & 0xff;
    out[1] = prefix >> 8;
    this.#length = PREFIX_BYTES;
    this.#count = 0;
    this.#last = -1;
    let begun = false;
    let inWord = false;
    for (let at = 0; at < text.length; ) {
      const code = text[at]!;
      const kind = classes[code]!;
      let end = at + 1;
      if (kind === WORD || (inWord && (kind === DIGIT || code === DOLLAR))) {
        out[this.#length++] = code;
        inWord = begun = true;
        at = end;
        continue;
      }
      if (kind === BLANK) out[this.#length++] = code;
      else if (kind === FORBIDDEN) return false;
      else if (kind === DIGIT) end = this.#number(text, at);
      else if (code === QUOTE) end = inWord || text[at - 1] === AMPERSAND ? -1 : this.#string(text, at);
      else if (code === DOUBLE_QUOTE) end = this.#identifier(text, at);
      else if (code === DOLLAR) end = this.#parameter(text, at);
      else if (code === MINUS && text[end] === MINUS) end = this.#comment(at, lineEnd(text, at), text, begun);
      else if (code === SLASH && text[end] === STAR) end = this.#comment(at, blockEnd(text, at), text, begun);
      else out[this.#length++] = code;
      if (end < 0) return false;
      begun ||= kind !== BLANK && !isCommentAt(text, at);
      inWord = false;
      at = end;
    }
    return true;
  }

  get length(): number {
    return this.#length;
  }

  /** As `Shape` says; begins with the prefix. */
  get key(): string {
    return this.bytes.toString("latin1", 0, this.#length);
  }

  /** All that was told of the text, to be kept. */
  found(): Shape {
    return { key: this.key, starts: this.#starts.slice(0, this.#count), last: this.#last };
  }

  #literal(kind: number, start: number): void {
    this.#starts[this.#count++] = start;
    this.#last = start;
    this.bytes[this.#length++] = kind;
  }

  /** Returns where the literal ends, -1 when it is no plain one. */
  #string(text: Buffer, start: number): number {
    for (let at = start + 1; at < text.length; at++) {
      const code = text[at]!;
      if (code === BACKSLASH) return -1;
      if (code !== QUOTE) continue;
      if (text[at + 1] === QUOTE) at++;
      else {
        this.#literal(STRING, start);
        return at + 1;
      }
    }
    return -1;
  }

  #number(text: Buffer, start: number): number {
    if (text[start - 1] === POINT) return -1;
    let end = digitsEnd(text, start);
    let kind = integerKind(text, start, end);
    if (text[end] === POINT) {
      const fraction = digitsEnd(text, end + 1);
      if (fraction === end + 1) return -1;
      end = fraction;
      kind = NUMERIC;
    }
    const next = end < text.length ? text[end]! : 0x20;
    if (kind === 0 || classes[next] === WORD || next === POINT || next === DOLLAR) return -1;
    this.#literal(isOperand(text, start, end) ? smallKind(text, start, end, kind) : kind, start);
    return end;
  }

  #identifier(text: Buffer, start: number): number {
    const out = this.bytes;
    out[this.#length++] = DOUBLE_QUOTE;
    for (let at = start + 1; at < text.length; at++) {
      const code = text[at]!;
      if (classes[code] === FORBIDDEN) return -1;
      out[this.#length++] = code;
      if (code !== DOUBLE_QUOTE) continue;
      if (text[at + 1] !== DOUBLE_QUOTE) return at + 1;
      out[this.#length++] = DOUBLE_QUOTE;
      at++;
    }
    return -1;
  }

  #parameter(text: Buffer, start: number): number {
    const end = digitsEnd(text, start + 1);
    if (end === start + 1 || (end < text.length && classes[text[end]!] === WORD)) return -1;
    for (let at = start; at < end; at++) this.bytes[this.#length++] = text[at]!;
    return end;
  }

  /** One that stands in front of everything moves the statement's beginning, so its bytes stay. */
  #comment(start: number, end: number, text: Buffer, begun: boolean): number {
    if (end < 0) return -1;
    for (let at = start; at < end; at++) {
      const code = text[at]!;
      if (classes[code] === FORBIDDEN) return -1;
      if (!begun) this.bytes[this.#length++] = code;
    }
    if (begun) {
      this.bytes[this.#length++] = COMMENT;
      this.#last = start;
    }
    return end;
  }
}

function isCommentAt(text: Buffer, at: number): boolean {
  const [code, next] = [text[at], text[at + 1]];
  return (code === MINUS && next === MINUS) || (code === SLASH && next === STAR);
}

function digitsEnd(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && classes[text[at]!] === DIGIT) at++;
  return at;
}

/** 0: too long to tell, or at the edge where the sign decides. */
function integerKind(text: Buffer, start: number, end: number): number {
  const digits = end - start;
  if (digits <= 9) return INT4;
  if (digits > 18) return 0;
  if (digits > 10) return text[start] === 0x30 ? 0 : INT8;
  const value = Number(text.toString("latin1", start, end));
  return value === 2_147_483_648 ? 0 : value < 2_147_483_648 ? INT4 : INT8;
}

function smallKind(text: Buffer, start: number, end: number, kind: number): number {
  if (kind === NUMERIC) return isSmallNumeric(text.toString("latin1", start, end)) ? SMALL_NUMERIC : kind;
  if (kind !== INT4) return kind;
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + text[at]! - 0x30;
  return value > 0 && value <= SMALL_INTEGER_MAX ? SMALL_INT4 : kind;
}

/** Whether the number text[start, end) stands beside an operator of arithmetic, parentheses and blanks between them apart. */
export function isOperand(text: Buffer, start: number, end: number): boolean {
  let before = start - 1;
  while (before >= 0 && (classes[text[before]!] === BLANK || text[before] === OPEN)) before--;
  if (before >= 0 && isArithmetic(text[before]!)) return true;
  let after = end;
  while (after < text.length && (classes[text[after]!] === BLANK || text[after] === CLOSE)) after++;
  return after < text.length && isArithmetic(text[after]!);
}

/** + - * / % */
const isArithmetic = (code: number): boolean =>
  code === 0x2b || code === MINUS || code === STAR || code === SLASH || code === 0x25;

function lineEnd(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== 0x0a && text[at] !== 0x0d) at++;
  return at;
}

/** Comments nest; -1 for one that does not end. */
function blockEnd(text: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length - 1; ) {
    if (text[at] === SLASH && text[at + 1] === STAR) depth++;
    else if (text[at] === STAR && text[at + 1] === SLASH) depth--;
    else {
      at++;
      continue;
    }
    at += 2;
    if (depth === 0) return at;
  }
  return -1;
}
