// What the index answers, row by row: names as its tables have them.

export type ChainStanding = "open" | "closed" | "unclosed";

export interface ChainRow {
  readonly chain: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly environment: string;
  readonly workload: string;
  readonly instance: string;
  readonly source: string;
  readonly account: string;
  readonly sender: string;
  readonly uid: string;
  readonly next: number;
  readonly last_hash: string;
  readonly state: ChainStanding;
  readonly gaps: number;
  readonly forks: number;
  readonly since: number;
  /** When it last sent anything; 0: not since the index was made. */
  readonly seen: number;
  readonly told_last: number | null;
  readonly told_hash: string | null;
  readonly spool_bytes: number | null;
  readonly oldest: number | null;
  readonly silent: number;
}

export interface SegmentRow {
  readonly entry: number;
  readonly chain: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly environment: string;
  readonly first: number;
  readonly last: number;
  readonly last_hash: string;
  readonly root: string;
  readonly from: number;
  readonly to: number;
  readonly deleted: number;
  readonly deleted_by: number | null;
}

export interface Heartbeat {
  readonly last: number;
  readonly lastHash: string;
  readonly spoolBytes: number;
  readonly oldestMs: number | null;
}

export interface HoldRow {
  readonly name: string;
  readonly selection: string;
  readonly by: string;
  readonly time: number;
}

export interface EventRow {
  readonly entry: number;
  readonly type: string;
  readonly chain: string | null;
  readonly number: number | null;
  readonly time: number;
  readonly detail: string;
}
