// The type of a literal that is no integer of four bytes.
import { INT8, NUMERIC } from "./types.ts";

/** Asks a literal of the tree for its type without asking for its value (constant-watch.ts); undefined where none is watched. */
export const NUMBER_TYPE: unique symbol = Symbol("number type");

/** A number that does not fit an integer is a bigint if it is whole and fits one, else numeric. */
export function numberType(digits: string): number {
  for (const digit of digits) if (digit < "0" || digit > "9") return otherNumberType(digits);
  return digits.length < 19 || (digits.length === 19 && digits <= "9223372036854775807") ? INT8 : NUMERIC;
}

/** Hexadecimal, octal, binary and grouped digits, which PostgreSQL 16 brought: the type is left open. */
function otherNumberType(digits: string): number {
  for (const mark of digits.toLowerCase()) if ("xob_".includes(mark)) return 0;
  return NUMERIC;
}
