// Stub until the normaliser lands.
import { createHash } from "node:crypto";
import type { Grammar } from "./grammar.ts";
import type { Node } from "./node.ts";

export function normalize(_grammar: Grammar, text: Buffer, _node: Node | null, startByte: number, endByte: number) {
  const fingerprint = createHash("sha256").update(text.subarray(startByte, endByte)).digest("hex").slice(0, 32);
  return { fingerprint, normalized: null };
}
