// The members of an evidence file behind its opening, one by one in their order: entries that are proven to be in the log, older checkpoints,
// segments with their proofs. Keeps what it knows per chain and nothing of the records.
import type { FindingKind } from "../audit/exit-codes.ts";
import type { Findings, LinePlace } from "../audit/findings.ts";
import { scanLines } from "../audit/scan-lines.ts";
import { ChainKeys } from "./chain-keys.ts";
import { ChainProgress } from "./chain-progress.ts";
import { parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { consistencyFault, logSignatureFault, provenFault } from "./checkpoint-check.ts";
import { type EndEntry, type LogEntry, parseEntry, type UnknownEntry } from "./entries.ts";
import { evidenceNames } from "./evidence.ts";
import type { Opening } from "./evidence-opening.ts";
import type { ChainReport } from "./ledger-report.ts";
import type { ClaimedChain } from "./manifest.ts";
import { isIncluded, leafHash } from "./merkle.ts";
import { NOTE_BYTES_MAX } from "./note.ts";
import { type EntryLine, type Inclusion, parseEntryLine, parseInclusion, parseOlderCheckpoint } from "./proof-texts.ts";
import { type FirstLine, parseSegmentFileName, type SegmentHeader, segmentEntryBytes } from "./segment.ts";
import { readSegment } from "./segment-reader.ts";
import { contentOf, type TarMember } from "./tar.ts";

const PROOF_BYTES_MAX = 16 * 1024;

/** What is known of one chain. */
interface KnownChain {
  readonly claim: ClaimedChain;
  readonly progress: ChainProgress;
  end: EndEntry | null;
  forksRefused: number;
  /** Places in the log of the entries that are claimed and were not read yet, ascending. */
  readonly entriesDue: Set<number>;
  lastIndex: number;
}

export class EvidenceVerifier {
  readonly goesOnFrom: number[] = [];
  segments = 0;
  private readonly opening: Opening;
  private readonly findings: Findings;
  private readonly older: SignedCheckpoint | null;
  private readonly keys = new ChainKeys();
  private readonly chains: ReadonlyMap<string, KnownChain>;
  private olderIsOpen: boolean;
  private lastName = "";
  /** The proof that the next segment needs. */
  private proof: { readonly name: string; readonly inclusion: Inclusion } | null = null;

  constructor(opening: Opening, older: SignedCheckpoint | null, findings: Findings) {
    this.opening = opening;
    this.older = older;
    this.findings = findings;
    this.olderIsOpen = opening.olderIsOpen;
    this.chains = new Map(
      opening.manifest.chains.map((claim) => {
        const progress = new ChainProgress(claim.chain, claim, findings);
        return [
          claim.chain,
          { claim, progress, end: null, forksRefused: 0, entriesDue: new Set(claim.entries), lastIndex: -1 },
        ];
      }),
    );
  }

  member(member: TarMember): void {
    const { name } = member;
    if (Buffer.compare(Buffer.from(name), Buffer.from(this.lastName)) <= 0)
      this.fault(name === this.lastName ? "forked" : "reordered", name, `it stands behind ${this.lastName}`);
    this.lastName = name;
    if (this.proof !== null && this.proof.name !== name) this.unusedProof(this.proof.name);
    const [folder, chain = "", file] = name.split("/");
    if (folder === "chains" && file === undefined) this.entries(chain.replace(/\.jsonl$/, ""), member);
    else if (folder === "checkpoints" && file === undefined) this.checkpoint(member);
    else if (folder === "segments" && file?.endsWith(".proof")) this.inclusion(member);
    else if (folder === "segments" && file?.endsWith(".segment")) this.segment(chain, file, member);
    else this.fault("altered", name, "an evidence file has no member of this name");
  }

  /** `cut`: the file was cut short. */
  end(cut: boolean): void {
    if (this.proof !== null && !cut) this.unusedProof(this.proof.name);
    for (const { claim, progress, entriesDue } of this.chains.values()) {
      progress.end(cut);
      const name = evidenceNames.chain(claim.chain);
      if (entriesDue.size > 0)
        this.fault(cut ? "truncated" : "missing", name, `${entriesDue.size} entries of the log about it are absent`);
    }
    if (this.olderIsOpen)
      this.fault(
        "proof-wrong",
        evidenceNames.checkpoint,
        `the file holds no proof that its log goes on from the earlier checkpoint of ${this.older?.checkpoint.size} entries: ask for evidence that names it`,
      );
  }

  get records(): number {
    return [...this.chains.values()].reduce((sum, { progress }) => sum + progress.records, 0);
  }

  reports(): ChainReport[] {
    return [...this.chains.values()].map(({ claim, progress, end, forksRefused }) => ({
      chain: claim.chain,
      cluster: claim.cluster,
      environment: claim.environment,
      namespace: claim.namespace,
      first: progress.first,
      last: progress.last,
      lastHash: progress.lastHash,
      records: progress.records,
      segments: progress.segments,
      end: end !== null && end.last >= (progress.last ?? 0) ? end.type : "open",
      keys: this.keys.of(claim.chain),
      absent: progress.absent,
      forksRefused,
    }));
  }

  private entries(chain: string, { name, size, read }: TarMember): void {
    const known = this.chains.get(chain);
    if (known === undefined || name !== evidenceNames.chain(chain))
      return this.fault("altered", name, "the evidence does not claim this chain");
    for (const line of scanLines({ read: (_, into, position) => read(into, position) }, 0, size)) {
      const parsed = line.terminated ? parseEntryLine(line.bytes) : null;
      const entry = parsed === null ? null : parseEntry(parsed.bytes);
      if (parsed === null || entry === null)
        this.fault("altered", name, "the line is not an entry with its proof", line.number);
      else this.provenEntry(known, entry, parsed, { file: name, line: line.number });
    }
  }

  private provenEntry(
    known: KnownChain,
    entry: LogEntry | UnknownEntry,
    { bytes, inclusion }: EntryLine,
    place: LinePlace,
  ): void {
    const { index } = inclusion;
    if (!known.entriesDue.delete(index))
      this.findings.add("altered", place, `entry ${index} of the log is not claimed, or there twice`);
    else if (known.lastIndex > index)
      this.findings.add("reordered", place, `entry ${index} of the log stands behind a later one`);
    known.lastIndex = index;
    if (this.isProven(bytes, inclusion)) return this.entry(known, entry, index, place);
    const kind = entry.type === "chain-key" ? "unverifiable-key" : "proof-wrong";
    this.findings.add(kind, place, `its proof does not show that it is entry ${index} of the log (${entry.type})`);
  }

  private entry(known: KnownChain, entry: LogEntry | UnknownEntry, index: number, place: LinePlace): void {
    const { claim, progress } = known;
    if (entry.type === "retention") {
      for (const { chain, first, last } of entry.segments)
        if (chain === claim.chain) progress.excuse({ from: first, to: last });
      return;
    }
    if (!("chain" in entry)) return;
    if (entry.chain !== claim.chain) return this.findings.add("altered", place, "the entry is about another chain");
    if (entry.type === "chain-key" && !this.keys.add(entry, index))
      this.findings.add("unverifiable-key", place, "the key has not signed its own registration");
    if (entry.type === "gap") progress.excuse(entry);
    if (entry.type === "fork") known.forksRefused++;
    if (entry.type === "closed" || entry.type === "unclosed") known.end = entry;
  }

  private checkpoint(member: TarMember): void {
    const { name } = member;
    const { checkpoint: current, key } = this.opening;
    const parsed = parseOlderCheckpoint(contentOf(member, NOTE_BYTES_MAX + PROOF_BYTES_MAX));
    const older = parsed === null ? null : parsedCheckpoint(parsed.note);
    // Its one signature is the log's: any other line could change unseen.
    const plain = older?.note.signatures.length === 1;
    if (parsed === null || older === null || !plain || name !== evidenceNames.olderCheckpoint(older.checkpoint.size))
      return this.fault("altered", name, "it is not a checkpoint with its proof");
    if (current === null || key === null) return;
    const fault = logSignatureFault(older.note, key, "it") ?? consistencyFault(older.checkpoint, current, parsed.proof);
    if (fault !== null) return this.fault(fault.kind, name, fault.detail);
    this.goesOnFrom.push(older.checkpoint.size);
    if (!this.olderIsOpen || older.checkpoint.size !== this.older?.checkpoint.size) return;
    this.olderIsOpen = false;
    const fork = provenFault(this.older.checkpoint, older.checkpoint);
    if (fork !== null) this.fault(fork.kind, name, fork.detail);
  }

  private unusedProof(segment: string): void {
    this.fault("altered", segment.replace(/segment$/, "proof"), "no segment stands behind this proof");
    this.proof = null;
  }

  private inclusion(member: TarMember): void {
    const inclusion = parseInclusion(contentOf(member, PROOF_BYTES_MAX));
    if (inclusion === null) this.fault("proof-wrong", member.name, "it is not a proof");
    this.proof = inclusion === null ? null : { name: member.name.replace(/proof$/, "segment"), inclusion };
  }

  private segment(chain: string, file: string, { name, size, read }: TarMember): void {
    const proof = this.proof?.name === name ? this.proof.inclusion : null;
    this.proof = null;
    this.segments++;
    readSegment(
      { name, size, read },
      {
        findings: this.findings,
        keys: this.keys,
        chainOf: (header) => this.chainOf(header, chain, file, name),
        indexOf: (first) => this.indexOf(first, proof, name),
      },
    );
  }

  private chainOf(header: SegmentHeader, chain: string, file: string, name: string): ChainProgress | null {
    const known = this.chains.get(header.chain);
    const run = parseSegmentFileName(file);
    const fits = header.chain === chain && run?.first === header.first && run.last === header.last;
    if (known === undefined || !fits) {
      this.fault(
        "altered",
        name,
        "its header is not that of a segment of this name, or the evidence does not claim its chain",
      );
      return null;
    }
    const { cluster, environment, namespace } = known.claim;
    if (header.cluster !== cluster || header.environment !== environment || header.namespace !== namespace)
      this.fault(
        "altered",
        name,
        `it is of ${header.cluster}/${header.namespace}, the evidence claims ${cluster}/${namespace}`,
      );
    return known.progress;
  }

  private indexOf(first: FirstLine, inclusion: Inclusion | null, name: string): number | null {
    if (inclusion !== null && this.isProven(segmentEntryBytes(first), inclusion)) return inclusion.index;
    const detail =
      inclusion === null ? "there is no proof that it is in the log" : "its proof does not show that it is in the log";
    this.fault("proof-wrong", name, detail);
    return null;
  }

  /** Without a checkpoint that holds nothing is asked: the checkpoint is told already. */
  private isProven(bytes: Uint8Array, { index, proof }: Inclusion): boolean {
    const { checkpoint } = this.opening;
    return checkpoint === null || isIncluded(leafHash(bytes), index, checkpoint.size, proof, checkpoint.root);
  }

  private fault(kind: FindingKind, file: string, detail: string, line: number | null = null): void {
    this.findings.add(kind, { file, line }, detail);
  }
}

function parsedCheckpoint(note: string): SignedCheckpoint | null {
  try {
    return parseCheckpoint(note);
  } catch {
    return null;
  }
}
