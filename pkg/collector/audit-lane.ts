// From an OTLP request to the segments in it. Ours lie under the scope `weir.audit`: one ResourceLogs a segment, one LogRecord a record,
// its body the exact bytes, and last the signed header. Nothing is verified here; other logs are counted and refused.
import { parseHeader, type SegmentHeader } from "../ledger/segment.ts";
import type { OtlpLogRecord, OtlpLogs, OtlpResourceLogs } from "./otlp-schema.ts";

export const AUDIT_SCOPE = "weir.audit";
const SEGMENT_EVENT = "weir.segment";
const SIGNATURE = "weir.signature";
const GAP = "weir.chain.gap";

/** A segment as a sidecar sent it. */
export interface Candidate {
  readonly header: SegmentHeader;
  /** Base64. */
  readonly signature: string;
  /** The exact bytes that were hashed: views of the request. */
  readonly records: readonly Buffer[];
  /** The sidecar says that records between what we have and this segment do not exist any more. */
  readonly declaresGap: boolean;
}

/** Log records that will never be taken. */
export interface Refusal {
  readonly records: number;
  readonly why: string;
}

export interface Lane {
  readonly candidates: readonly Candidate[];
  readonly refusals: readonly Refusal[];
}

export function laneOf({ resourceLogs = [] }: OtlpLogs): Lane {
  const candidates: Candidate[] = [];
  const refusals: Refusal[] = [];
  for (const logs of resourceLogs) {
    for (const { scope, logRecords = [] } of logs.scopeLogs ?? []) {
      if (logRecords.length === 0) continue;
      const found = scope?.name === AUDIT_SCOPE ? candidateOf(logs, logRecords) : FOREIGN;
      if (typeof found === "string") refusals.push({ records: logRecords.length, why: found });
      else candidates.push(found);
    }
  }
  return { candidates, refusals };
}

const FOREIGN = `only logs of the scope ${AUDIT_SCOPE} are taken here; send others to a collector for logs`;

function candidateOf(logs: OtlpResourceLogs, logRecords: readonly OtlpLogRecord[]): Candidate | string {
  const last = logRecords.at(-1)!;
  if (last.eventName !== SEGMENT_EVENT) return `the last log record must be the event ${SEGMENT_EVENT}`;
  const header = parseHeader(last.body?.stringValue?.toString() ?? "");
  if (header === null) return `the body of ${SEGMENT_EVENT} must be a segment's header as canonical JSON`;
  const signature = last.attributes?.find(({ key }) => key === SIGNATURE)?.value?.stringValue;
  if (signature === undefined) return `${SEGMENT_EVENT} needs the attribute ${SIGNATURE}`;
  const records: Buffer[] = [];
  for (const { body } of logRecords.slice(0, -1)) {
    if (body?.stringValue === undefined) return "the body of each record must be its text";
    records.push(body.stringValue);
  }
  const declaresGap = logs.resource?.attributes?.find(({ key }) => key === GAP)?.value?.boolValue === true;
  return { header, signature, records, declaresGap };
}
