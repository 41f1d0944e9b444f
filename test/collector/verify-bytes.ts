// An evidence file held in memory, verified.
import { verifyEvidence } from "../../pkg/ledger/verify-evidence.ts";

export function verifyBytes(bytes: Buffer, logKey: string, olderCheckpoint?: string) {
  const read = (into: Uint8Array, position: number) => bytes.copy(into, 0, position, position + into.length);
  return verifyEvidence(
    { place: "memory", bytes: bytes.length, read },
    { logKey, ...(olderCheckpoint !== undefined && { olderCheckpoint }) },
  );
}

/** The verifier key that a collector has told in its log. */
export function logKeyOf({ lines }: { readonly lines: readonly string[] }): string {
  return /vkey":"([^"]+)"/.exec(lines.join("\n"))![1]!;
}
