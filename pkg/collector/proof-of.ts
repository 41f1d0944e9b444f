// One record with everything that proves it, as `weir verify` takes it (docs/evidence.md).
import { proveRecord } from "../ledger/record-proof.ts";
import { openSegment } from "../ledger/segment.ts";
import type { Ledger } from "./ledger.ts";

export type ProofReply =
  | { readonly ok: true; readonly proof: string }
  | { readonly ok: false; readonly status: 404 | 409; readonly error: string };

/** @throws LedgerError */
export async function proofOf(
  ledger: Ledger,
  { chain, number }: { readonly chain: string; readonly number: number },
  logKey: string,
): Promise<ProofReply> {
  const { log, index, store } = ledger;
  const row = index.segmentsOver(chain, number, number)[0];
  if (row === undefined) return { ok: false, status: 404, error: "no such record is held" };
  const { checkpointHead: head, checkpointNote: checkpoint } = log;
  if (head === null || checkpoint === null || head.size <= row.entry)
    return { ok: false, status: 409, error: "not yet under a signed checkpoint; ask again in some seconds" };
  const file = row.deleted === 0 ? await store.readBytes(row) : null;
  if (file === null) return { ok: false, status: 404, error: "the segment was deleted; its root stays in the log" };
  const { first, last } = row;
  const key = index.keyEntry(chain, openSegment(file)?.header.key ?? "", row.environment);
  if (key === undefined) return { ok: false, status: 404, error: "the segment cannot be read; verify the data folder" };
  const proof = await proveRecord({
    number,
    segment: { index: row.entry, first, last, file },
    key: await ledger.entry(key),
    log,
    checkpoint,
    logKey,
  });
  return { ok: true, proof };
}
