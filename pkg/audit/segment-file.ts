// Names of the files in a spool folder. Segments are numbered from 1 without gaps, across chains.

export const HEAD_FILE = "head.json";

export function segmentName(ordinal: number): string {
  return `segment-${String(ordinal).padStart(12, "0")}.jsonl`;
}

export function ordinalOf(name: string): number | null {
  const match = /^segment-(\d{12})\.jsonl$/.exec(name);
  return match === null ? null : Number(match[1]);
}

/** The ordinals of the segments among these names, ascending. */
export function segmentOrdinals(names: readonly string[]): number[] {
  return names
    .map(ordinalOf)
    .filter((ordinal) => ordinal !== null)
    .sort((a, b) => a - b);
}
