// The proofs of single records out of an evidence file: what the collector would answer for each of them, without the collector.
import { keyIdOfEntry, parseEntry } from "../ledger/entries.ts";
import type { FoundEntry, FoundSegment, ProvingLog } from "../ledger/evidence.ts";
import type { EntryLine } from "../ledger/proof-texts.ts";
import { proveRecord } from "../ledger/record-proof.ts";
import { segmentFile } from "../ledger/segment.ts";
import type { ReadAt } from "../ledger/tar.ts";
import { EvidencePackError } from "./evidence-pack-error.ts";
import { type EvidenceOpening, evidenceParts } from "./evidence-records.ts";

/** Documents by record id. `ids`: `<chain>/<number>`. @throws EvidencePackError, LedgerError */
export async function recordProofs(read: ReadAt, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const proofs = new Map<string, string>();
  const wanted = numbersByChain(ids);
  const entries = new Map<string, readonly EntryLine[]>();
  let opening: EvidenceOpening | null = null;
  for (const part of evidenceParts(read)) {
    if (part.part === "opening") opening = part.opening;
    else if (part.part === "entries") entries.set(part.chain, part.entries);
    else {
      const { header, headerText, signature, records } = part.segment;
      const numbers = (wanted.get(header.chain) ?? []).filter((each) => each >= header.first && each <= header.last);
      if (numbers.length === 0 || opening === null) continue;
      const key = keyOf(entries.get(header.chain) ?? [], header.key);
      const segment: FoundSegment = {
        ...header,
        index: part.inLog.index,
        file: segmentFile(headerText, signature, records),
      };
      const log = logOf([key, { inclusion: part.inLog }]);
      const found: FoundEntry = { index: key.inclusion.index, bytes: key.bytes };
      const { checkpoint, manifest } = opening;
      for (const number of numbers) {
        const made = { number, segment, key: found, log, checkpoint, logKey: manifest.log.key };
        proofs.set(`${header.chain}/${number}`, await proveRecord(made));
      }
    }
  }
  return proofs;
}

function numbersByChain(ids: ReadonlySet<string>): ReadonlyMap<string, readonly number[]> {
  const numbers = new Map<string, number[]>();
  for (const id of ids) {
    const [chain = "", number] = id.split("/");
    numbers.set(chain, [...(numbers.get(chain) ?? []), Number(number)]);
  }
  return numbers;
}

function keyOf(entries: readonly EntryLine[], keyId: string): EntryLine {
  for (const line of entries) {
    const entry = parseEntry(line.bytes);
    if (entry?.type === "chain-key" && keyIdOfEntry(entry) === keyId) return line;
  }
  throw new EvidencePackError("evidence", `the evidence does not hold the registration of key ${keyId}`);
}

/** As much of the log as the evidence holds. */
function logOf(known: readonly Pick<EntryLine, "inclusion">[]): ProvingLog {
  return {
    async inclusionProof(index) {
      const found = known.find(({ inclusion }) => inclusion.index === index);
      if (found === undefined) throw new EvidencePackError("evidence", `it holds no proof of entry ${index}`);
      return [...found.inclusion.proof];
    },
    async consistencyProof() {
      throw new EvidencePackError("evidence", "it proves records only");
    },
  };
}
