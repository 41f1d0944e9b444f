// Everything about a segment that can be judged by itself: whose it is, whether its key may sign, whether signature, hashes, numbers and
// root hold. Nothing is stored that did not pass here.
import { canonicalString } from "../audit/canonical-json.ts";
import { linkOf, parsedRecord } from "../audit/chain.ts";
import { type SegmentHeader, verifySegment } from "../ledger/segment.ts";
import type { Candidate } from "./audit-lane.ts";
import type { LedgerIndex } from "./ledger-index.ts";
import type { Sender } from "./source.ts";

export type Examined =
  | { readonly good: true; readonly closes: boolean }
  /** It claims what its sender may not. */
  | { readonly good: false; readonly as: "forbidden"; readonly why: string }
  | { readonly good: false; readonly as: "unknown-key"; readonly why: string }
  | { readonly good: false; readonly as: "refused"; readonly why: string };

export function examine({ header, signature, records }: Candidate, sender: Sender, index: LedgerIndex): Examined {
  const claims = claimsOf(header, sender);
  if (claims !== null) return { good: false, as: "forbidden", why: claims };
  const chain = index.chain(header.chain);
  const key = index.publicKey(header.chain, header.key, header.environment);
  if (chain === undefined || key === undefined)
    return { good: false, as: "unknown-key", why: "this key is not registered for this chain: POST /v1/chains first" };
  if (!isOwner(chain, sender)) return { good: false, as: "forbidden", why: OTHERS };
  const fault = verifySegment(header, signature, records, Buffer.from(key, "base64"));
  if (fault !== null) {
    const place = fault.number === null ? "" : ` at record ${fault.number}`;
    return { good: false, as: "refused", why: `the segment does not verify: ${fault.why}${place}` };
  }
  const foreign = records.findIndex((record) => !namesPlace(record, header));
  if (foreign !== -1) {
    const why = `record ${header.first + foreign} names another cluster or namespace than its segment`;
    return { good: false, as: "refused", why };
  }
  const ends = [records[0]!, records.at(-1)!].map((record) => (parsedRecord(record) as TimedShape | null)?.time);
  if (ends[0] !== header.from || ends[1] !== header.to)
    return { good: false, as: "refused", why: "from or to are not the times of its first and last record" };
  return { good: true, closes: closes(records.at(-1)!) };
}

const OTHERS = "the chain belongs to another account; begin a new one with an empty spool";

/** What is claimed and the identity does not bear out; null when all agrees. */
export function claimsOf(
  { cluster, namespace, environment }: Pick<SegmentHeader, "cluster" | "namespace" | "environment">,
  sender: Sender,
): string | null {
  if (sender.namespace === null)
    return `the source ${sender.source} vouches for no namespace of ${sender.account}; see \`namespace\` there`;
  const pairs = [
    ["cluster", cluster, sender.cluster],
    ["namespace", namespace, sender.namespace],
    ["environment", environment, sender.environment],
  ] as const;
  const wrong = pairs.find(([, claimed, own]) => claimed !== own);
  if (wrong === undefined) return null;
  return `${wrong[0]}: you are verified as one of "${wrong[2]}" and claim another; set it in the sidecar or in the sources file`;
}

/** A chain goes on only for the account that began it: who else could register a key for it could speak for it. Sources of one cluster
 * may name different people alike. */
export function isOwner(
  chain: { readonly source: string; readonly cluster: string; readonly namespace: string; readonly account: string },
  sender: Sender,
): boolean {
  const names = ["source", "cluster", "namespace", "account"] as const;
  return names.every((name) => chain[name] === sender[name]);
}

export function ownerProblem(): string {
  return OTHERS;
}

/** The place in a record stands as `{"cluster":…,"environment":…,"instance":…,"namespace":…,"workload":…}`. */
function namesPlace(record: Buffer, { cluster, namespace }: SegmentHeader): boolean {
  const at = record.indexOf(`"place":{"cluster":${canonicalString(cluster)},"environment":`);
  return at !== -1 && record.indexOf(`,"namespace":${canonicalString(namespace)},"workload":`, at) !== -1;
}

interface TimedShape {
  readonly time?: unknown;
}

interface ClosingShape {
  readonly unmapped?: { readonly weir?: { readonly kind?: unknown; readonly phase?: unknown } };
}

function closes(record: Buffer): boolean {
  if (!record.includes('"phase":"close"')) return false;
  const parsed = parsedRecord(record);
  const weir = (parsed as ClosingShape | null)?.unmapped?.weir;
  return linkOf(parsed) !== null && weir?.kind === "chain" && weir.phase === "close";
}
