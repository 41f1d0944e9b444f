import { hash } from "node:crypto";

/** Of this product; made once at random. */
const NAMESPACE = "7d0f1c52-9a41-5d7e-8a39-3b6d2f0c4e18";

/** Version 5 (RFC 9562): the same name gives the same one. */
export function uuidOf(name: string): string {
  const bytes = Buffer.concat([Buffer.from(NAMESPACE.replaceAll("-", ""), "hex"), Buffer.from(name)]);
  const digest = Buffer.from(hash("sha1", bytes), "hex").subarray(0, 16);
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const text = digest.toString("hex");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}
