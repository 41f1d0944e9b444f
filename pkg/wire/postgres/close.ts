// Close (F, 'C').
import { decodeNamedObject, encodeNamedObject, type NamedObject } from "./named-object.ts";

/** `from`: where the body begins in `bytes`. */
export function decodeClose(bytes: Buffer, from = 0): NamedObject {
  return decodeNamedObject(bytes, "Close", from);
}

export function encodeClose(target: "S" | "P", name: string): Buffer {
  return encodeNamedObject("C", target, name);
}
