// One record with everything that proves it: its path to the segment's root, the segment's signed header, the entry's path to the root of
// a signed checkpoint.
import { inclusionProof, nodesInMemory } from "../ledger/proofs.ts";
import type { Ledger } from "./ledger.ts";

export type ProofReply =
  | { readonly ok: true; readonly proof: unknown }
  | { readonly ok: false; readonly status: 404 | 409; readonly error: string };

export async function proofOf({ log, index, store }: Ledger, chain: string, number: number): Promise<ProofReply> {
  const row = index.segmentsOver(chain, number, number)[0];
  if (row === undefined) return { ok: false, status: 404, error: "no such record is held" };
  const { checkpointHead: head, checkpointNote: checkpoint } = log;
  if (head === null || head.size <= row.entry)
    return { ok: false, status: 409, error: "not yet under a signed checkpoint; ask again in some seconds" };
  const opened = row.deleted === 0 ? await store.read(row) : null;
  if (opened === null) return { ok: false, status: 404, error: "the segment was deleted; its root stays in the log" };
  const at = number - row.first;
  const base64 = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString("base64"));
  return {
    ok: true,
    proof: {
      /** The exact bytes, as text. */
      record: opened.records[at]!.toString(),
      header: opened.headerText,
      signature: opened.signature,
      recordIndex: at,
      recordPath: base64(await inclusionProof(at, opened.records.length, nodesInMemory(opened.records))),
      entryIndex: row.entry,
      entryPath: base64(await log.inclusionProof(row.entry, head.size)),
      checkpoint,
    },
  };
}
