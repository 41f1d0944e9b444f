// A statement that says in a comment who asks, as sqlcommenter writes its fields: /*weir_identity='<token>'*/ at the end of the text or at
// its beginning. The token is taken out of the text, which keeps its length, before anything else looks at it.

export type SignedText =
  | { readonly signed: "no" }
  /** `text`: with blanks in place of the token. */
  | { readonly signed: "yes"; readonly token: string; readonly text: Buffer }
  /** A token stands where it is not looked for, or there are several. */
  | { readonly signed: "unclear" };

const KEY = "weir_identity";
const ASSIGNED = /weir_identity\s*(?:=|%3d)/gi;
/** As sqlcommenter quotes values, with the letters that a token has, or those percent-encoded. */
const FIELD = /(?<![\w%.-])weir_identity=(?:'|%27)([A-Za-z0-9._~+/=%-]*?)(?:'|%27)(?=[,\s*])/g;
const COMMENT_LETTERS_MAX = 64 * 1024;

export function signedText(text: Buffer): SignedText {
  if (!text.includes(KEY)) return { signed: "no" };
  const whole = text.toString("latin1");
  const assigned = whole.match(ASSIGNED)?.length ?? 0;
  if (assigned === 0) return { signed: "no" };
  const [only, ...others] = outerComments(whole).flatMap((span) => fieldsIn(whole, span));
  const token = only === undefined ? null : decoded(whole.slice(only.start, only.end));
  if (only === undefined || token === null || others.length > 0 || assigned > 1) return { signed: "unclear" };
  const blanked = Buffer.from(text);
  blanked.fill(" ", only.start, only.end);
  return { signed: "yes", token, text: blanked };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function fieldsIn(text: string, { start, end }: Span): readonly Span[] {
  return [...text.slice(start, end).matchAll(FIELD)].map(({ index, 0: all, 1: value = "" }) => {
    const from = start + index + all.indexOf(value, KEY.length + 2);
    return { start: from, end: from + value.length };
  });
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

/** The comment at the end, behind which only blanks and semicolons stand, and that at the beginning. Neither has another inside. */
function outerComments(text: string): readonly Span[] {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && (isBlank(text.charCodeAt(end - 1)) || text[end - 1] === ";")) end -= 1;
  const closing = text.startsWith("/*", start) ? text.indexOf("*/", start + 2) : -1;
  const opening = text.slice(end - 2, end) === "*/" ? text.lastIndexOf("/*", end - 4) : -1;
  const spans = [
    ...(closing === -1 ? [] : [{ start, end: closing + 2 }]),
    ...(opening === -1 || opening === start ? [] : [{ start: opening, end }]),
  ];
  return spans.filter((span) => isComment(text, span));
}

/** PostgreSQL's comments nest, so that one inside another would end elsewhere. */
function isComment(text: string, { start, end }: Span): boolean {
  if (end - start > COMMENT_LETTERS_MAX) return false;
  const inside = text.slice(start + 2, end - 2);
  return !inside.includes("*/") && !inside.includes("/*");
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
