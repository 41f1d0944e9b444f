// The head: a small file beside the segments that remembers how far the chain had come, at most a second old. It witnesses against a
// tail that was cut off, says where the oldest open decision lies, and what was given away after shipping. It is a witness, not the
// truth: the segments are, and the ledger outside this machine is what finally proves that nothing is missing.

/** One record by its place and its hash. */
export interface Mark {
  readonly chain: string;
  readonly number: number;
  readonly hash: string;
}

export interface Head {
  readonly last: Mark;
  /** Ordinal of the segment that `last` lies in. */
  readonly segment: number;
  /** No decision before this segment is without an outcome. */
  readonly openFrom: number;
  /** The newest record whose segment was removed after it was acknowledged elsewhere. */
  readonly released: Mark | null;
  /** The machine's run in which it was written; null: nobody told. */
  readonly boot: string | null;
}

export function headText(head: Head): string {
  return `${JSON.stringify(head)}\n`;
}

/** Null for anything that is not a whole head. */
export function parseHead(text: string): Head | null {
  const value = parsed(text) as Partial<Record<keyof Head, unknown>> | null;
  if (typeof value !== "object" || value === null) return null;
  const { last, segment, openFrom, released, boot } = value;
  if (!isMark(last) || !isCount(segment) || !isCount(openFrom)) return null;
  if (released !== null && !isMark(released)) return null;
  return { last, segment, openFrom, released, boot: typeof boot === "string" ? boot : null };
}

function isMark(value: unknown): value is Mark {
  const mark = value as Partial<Mark> | null | undefined;
  return typeof mark?.chain === "string" && isCount(mark.number) && /^[0-9a-f]{64}$/.test(mark.hash ?? "");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
