// Describe (F, 'D').
import { decodeNamedObject, encodeNamedObject, type NamedObject } from "./named-object.ts";

export function decodeDescribe(body: Buffer): NamedObject {
  return decodeNamedObject(body, "Describe");
}

export function encodeDescribe(target: "S" | "P", name: string): Buffer {
  return encodeNamedObject("D", target, name);
}
