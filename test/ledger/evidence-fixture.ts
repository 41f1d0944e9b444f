// A small ledger of two chains, evidence of it, and what a forger does to evidence.
import { type ChainRegistration, entryBytes, type LogEntry, proveKey } from "../../pkg/ledger/entries.ts";
import { type EvidenceParts, type FoundEntry, type FoundSegment, writeEvidence } from "../../pkg/ledger/evidence.ts";
import type { LedgerReport, Trust } from "../../pkg/ledger/ledger-report.ts";
import { LedgerLog } from "../../pkg/ledger/log.ts";
import type { ChainClaim } from "../../pkg/ledger/manifest.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";
import { segmentFile } from "../../pkg/ledger/segment.ts";
import { contentOf, type ReadAt, tarEnd, tarMember, tarMembers } from "../../pkg/ledger/tar.ts";
import { verifyEvidence } from "../../pkg/ledger/verify-evidence.ts";
import { chainKey, chainName, TestChain } from "./records.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

export const origin = "ledger.example.com/weir";
export const logSigner = newSigner(origin, "ed25519", Buffer.alloc(32, 9));
export const witness = newSigner("witness.example.org", "cosignature", Buffer.alloc(32, 10));
const seenAt = 1_700_000_100;

/** Signed by the log and seen by the witness. */
export function signedNote(text: string): string {
  return signNote(text, [logSigner, witness], seenAt);
}

export function signedByLog(text: string): string {
  return signNote(text, [logSigner], 0);
}

export function registrationOf(chain: string, salt: number): ChainRegistration {
  const key = chainKey(salt);
  return {
    chain,
    publicKey: key.publicKey.toString("base64"),
    proof: proveKey(chain, key.publicKey, key.sign),
    cluster: "eu-1",
    namespace: "shop",
    environment: "production",
    instance: `orders-${salt}`,
    workload: "orders",
  };
}

interface KeptChain {
  readonly records: TestChain;
  readonly entries: FoundEntry[];
  readonly segments: FoundSegment[];
  claim: ChainClaim | null;
}

/** A collector in miniature: what it appends, it finds again. */
export class Ledger {
  readonly disk: SimulatedDisk;
  readonly log: LedgerLog;
  private readonly chains = new Map<string, KeptChain>();

  private constructor(disk: SimulatedDisk, log: LedgerLog) {
    this.disk = disk;
    this.log = log;
  }

  static async open(): Promise<Ledger> {
    const disk = new SimulatedDisk();
    return new Ledger(disk, await LedgerLog.open({ folder: "/data/log", origin, files: disk }));
  }

  chain(name: string): KeptChain {
    const kept = this.chains.get(name) ?? { records: new TestChain(name), entries: [], segments: [], claim: null };
    this.chains.set(name, kept);
    return kept;
  }

  async register(name: string, salt: number): Promise<void> {
    const identity = { serviceAccount: "shop/orders", pod: `orders-${salt}` };
    await this.tell(name, { type: "chain-key", ...registrationOf(name, salt), identity, time: 1_700_000_000_000 });
  }

  /** An entry about the chain. */
  async tell(name: string, entry: LogEntry): Promise<void> {
    const bytes = entryBytes(entry);
    this.chain(name).entries.push({ index: await this.log.append([bytes]), bytes });
  }

  /** The chain's next records, sealed, kept and in the log. */
  async seal(name: string, count: number, salt: number, what?: string): Promise<void> {
    const chain = this.chain(name);
    const { records, sealed } = chain.records.segment(count, chainKey(salt), what);
    await this.keep(name, segmentFile(sealed.headerText, sealed.signature, records), {
      type: "segment",
      header: sealed.header,
      signature: sealed.signature,
    });
  }

  private async keep(name: string, file: Buffer, entry: Extract<LogEntry, { type: "segment" }>): Promise<void> {
    const chain = this.chain(name);
    const { first, last, prev, lastHash, cluster, environment, namespace } = entry.header;
    const index = await this.log.append([entryBytes(entry)]);
    chain.segments.push({ first, last, index, file });
    const begin = chain.claim ?? { first, prev };
    chain.claim = {
      chain: name,
      cluster,
      environment,
      namespace,
      first: begin.first,
      prev: begin.prev,
      last,
      lastHash,
      absent: [],
    };
    this.disk.put(`/data/segments/${cluster}/${namespace}/${name}/${nameOf(first, last)}`, file);
  }

  parts(checkpoint: string, more: Partial<EvidenceParts> = {}): EvidenceParts {
    return {
      log: this.log,
      checkpoint,
      logKey: logSigner.vkey,
      witnessKeys: [witness.vkey],
      selection: { cluster: "eu-1" },
      madeAtMs: 1_700_000_200_000,
      chains: [...this.chains.values()]
        .filter(({ claim }) => claim !== null)
        .sort((a, b) => (a.claim!.chain < b.claim!.chain ? -1 : 1))
        .map(({ claim, entries, segments }) => ({
          claim: claim!,
          entries,
          async *segments() {
            yield* segments;
          },
        })),
      sign: signedByLog,
      ...more,
    };
  }
}

function nameOf(first: number, last: number): string {
  return `${String(first).padStart(20, "0")}-${String(last).padStart(20, "0")}.segment`;
}

export async function collected(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

export interface Sample {
  readonly ledger: Ledger;
  readonly evidence: Buffer;
  readonly checkpoint: string;
  readonly older: string;
}

export const [first, second] = [chainName(1), chainName(2)];

/** Chain 1: 3 segments of 5, 4 and 3 records; chain 2: two of 2 under two keys; an older checkpoint after 3 entries. */
export async function sample(): Promise<Sample> {
  const ledger = await Ledger.open();
  await ledger.register(first, 1);
  await ledger.seal(first, 5, 1);
  await ledger.register(second, 2);
  const older = await ledger.log.checkpoint(signedNote);
  await ledger.seal(second, 2, 2);
  await ledger.seal(first, 4, 1);
  await ledger.register(second, 3);
  await ledger.seal(second, 2, 3);
  await ledger.seal(first, 3, 1);
  await ledger.tell(first, {
    type: "closed",
    chain: first,
    last: 11,
    lastHash: ledger.chain(first).claim!.lastHash,
    time: 1_700_000_099_000,
  });
  const checkpoint = await ledger.log.checkpoint(signedNote);
  const evidence = await collected(writeEvidence(ledger.parts(checkpoint, { olderCheckpoints: [older] })));
  return { ledger, evidence, checkpoint, older };
}

export function readerOf(bytes: Buffer): ReadAt {
  return (into, position) => (position >= bytes.length ? 0 : bytes.copy(into, 0, position, position + into.length));
}

export function verified(bytes: Buffer, trust: Trust = { logKey: logSigner.vkey }): LedgerReport {
  return verifyEvidence({ place: "a.weir-evidence", bytes: bytes.length, read: readerOf(bytes) }, trust);
}

export type Members = readonly (readonly [name: string, content: Buffer])[];

export function unpacked(evidence: Buffer): Members {
  return [...tarMembers(readerOf(evidence))].map((member) => [member.name, contentOf(member, 1e9)!] as const);
}

export function packed(members: Members): Buffer {
  return Buffer.concat([...members.map(([name, content]) => tarMember(name, content)), tarEnd()]);
}

/** Evidence with the content of the members whose name matches changed. */
export function changed(evidence: Buffer, name: RegExp, change: (text: string) => string): Buffer {
  return packed(
    unpacked(evidence).map(([each, content]) => [
      each,
      name.test(each) ? Buffer.from(change(content.toString())) : content,
    ]),
  );
}

export function without(evidence: Buffer, name: RegExp): Buffer {
  return packed(unpacked(evidence).filter(([each]) => !name.test(each)));
}
