// Describe (F, 'D').
import { decodeNamedObject, encodeNamedObject, type NamedObject } from "./named-object.ts";

/** `from`: where the body begins in `bytes`. */
export function decodeDescribe(bytes: Buffer, from = 0): NamedObject {
  return decodeNamedObject(bytes, "Describe", from);
}

export function encodeDescribe(target: "S" | "P", name: string): Buffer {
  return encodeNamedObject("D", target, name);
}
