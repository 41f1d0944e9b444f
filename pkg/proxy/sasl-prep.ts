// Normalises a password as PostgreSQL's `pg_saslprep` does (RFC 4013), so that we and the server derive the same keys.
import { isUtf8 } from "node:buffer";

/** RFC 3454 C.1.2, mapped to a space. */
const SPACES = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu;
/** RFC 3454 B.1, mapped to nothing. */
const NOTHING = /\u034F|\u180B|\u180C|\u180D|\u200D|[\uFE00-\uFE0F]|[\u00AD\u1806\u200C\u2060\uFEFF]/gu;
/** RFC 3454 C.2 to C.9: control, private, non-character, surrogate, unsuitable for plain text, tagging. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\u06DD\u070F\u180E\u2028\u2029\u2061-\u2063\u206A-\u206F\u200E\u200F\u202A-\u202E\u2FF0-\u2FFB\uFFF9-\uFFFD\u{1D173}-\u{1D17A}\u{E0001}\u{E0020}-\u{E007F}]|\u0340|\u0341|[\uFDD0-\uFDEF]|[\uFFFE\uFFFF]/u;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;

/** Bytes that are no UTF-8, and texts with characters that the profile prohibits, stay as they are: the server does so too. */
export function saslPrep(password: Buffer): Buffer {
  if (password.every((byte) => byte < 0x80) || !isUtf8(password)) return password;
  const text = password.toString("utf8").replace(SPACES, " ").replace(NOTHING, "").normalize("NFKC");
  return text === "" || PROHIBITED.test(text) || breaksDirection(text) ? password : Buffer.from(text, "utf8");
}

/** RFC 3454 section 6: right-to-left text starts and ends with such a letter and has no left-to-right one. */
function breaksDirection(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return false;
  const letters = [...text];
  const leftToRight = letters.some((letter) => /\p{L}/u.test(letter) && !RIGHT_TO_LEFT.test(letter));
  return leftToRight || !RIGHT_TO_LEFT.test(letters[0]!) || !RIGHT_TO_LEFT.test(letters.at(-1)!);
}
