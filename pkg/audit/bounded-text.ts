// Text from outside on its way into a record: well-formed, without control characters, cut to a length.
// Names are kept as they are otherwise; claims (what a client says of itself) also lose anything that looks like a token.

export const NAME_MAX = 256;
export const CLAIM_MAX = 128;

/** Controls, format characters (zero width, direction of writing: they forge what a reader sees), line and paragraph separators. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const blank = /[\t\n\r]+/gu;
/** A run long enough to be a key, a token or its parts. */
const tokenLike = /[A-Za-z0-9+/_=-]{40,}/gu;

/** At most `max` UTF-16 units, marked by `…` when cut; never half a character. */
export function boundedText(text: string, max: number): string {
  const clean = text
    .slice(0, max + 1)
    .toWellFormed()
    .replace(blank, " ")
    .replace(hidden, "");
  return clean.length <= max && text.length <= max + 1 ? clean : cut(clean, max);
}

function cut(text: string, max: number): string {
  return `${text.slice(0, Math.min(text.length, max - 1)).replace(/[\ud800-\udbff\ufffd]$/u, "")}…`;
}

/** A name: of a principal, a database, a policy. */
export function boundedName(name: string): string {
  return boundedText(name, NAME_MAX);
}

/** What a client claims of itself, such as application_name. */
export function boundedClaim(claim: string): string {
  return boundedText(claim.slice(0, CLAIM_MAX * 4).replace(tokenLike, "…"), CLAIM_MAX);
}

/** The reason of a statement whose text is not proven free of literals: what is quoted may be one, so the text ends there. */
export function withoutQuoted(reason: string): string {
  return reason.replace(/(?:["`$«»„“”‘]|(?<![\p{L}\p{N}])['’]).*/su, "…");
}
