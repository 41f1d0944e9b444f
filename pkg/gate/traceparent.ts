// The trace that a statement says it belongs to: `traceparent` in a comment at its end or its beginning, as sqlcommenter and its relatives
// write it. Nothing else of a comment is ever recorded, and this only in its exact form, which has no room for a literal.

const SLASH = 0x2f;
const STAR = 0x2a;
const SEMICOLON = 0x3b;
const OPENING = Buffer.from("/*");
const CLOSING = Buffer.from("*/");
/** Longer comments are not looked at. */
const COMMENT_BYTES_MAX = 4096;

/** `key='v'`, `key=v` and `key:v`; the value as W3C Trace Context has it. */
const field = /(?<![\w-])traceparent\s*[=:]\s*(?:'|%27)?([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})(?![\w-])/g;

/** The last valid one of the comment at the end, else of that at the beginning; null when there is none. */
export function traceparentOf(text: Buffer): string | null {
  let end = text.length;
  while (end > 0 && (isBlank(text[end - 1]!) || text[end - 1] === SEMICOLON)) end--;
  if (end >= 4 && text[end - 1] === SLASH && text[end - 2] === STAR) {
    const start = text.lastIndexOf(OPENING, end - 4);
    const found = start === -1 ? null : lastIn(text.subarray(start, end));
    if (found !== null) return found;
  }
  let start = 0;
  while (start < end && isBlank(text[start]!)) start++;
  if (text[start] !== SLASH || text[start + 1] !== STAR) return null;
  const closing = text.indexOf(CLOSING, start + 2);
  return closing === -1 ? null : lastIn(text.subarray(start, closing));
}

function lastIn(comment: Buffer): string | null {
  if (comment.length > COMMENT_BYTES_MAX) return null;
  let last: string | null = null;
  for (const [, value] of comment.toString("latin1").matchAll(field)) if (isValid(value!)) last = value!;
  return last;
}

/** Version ff and ids of zeros are none. */
function isValid(value: string): boolean {
  return !value.startsWith("ff") && !value.startsWith("0".repeat(32), 3) && !value.startsWith("0".repeat(16), 36);
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
