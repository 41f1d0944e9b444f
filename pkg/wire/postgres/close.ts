// Close (F, 'C').
import { decodeNamedObject, encodeNamedObject, type NamedObject } from "./named-object.ts";

export function decodeClose(body: Buffer): NamedObject {
  return decodeNamedObject(body, "Close");
}

export function encodeClose(target: "S" | "P", name: string): Buffer {
  return encodeNamedObject("C", target, name);
}
