// Figures of several rounds, paired: what is compared was measured within seconds of each other.

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median of the ratios of two series, round by round. */
export function ratio(above: readonly number[], below: readonly number[] | undefined): number {
  return below === undefined ? Number.NaN : median(above.map((value, round) => value / below[round]!));
}

/** Three significant digits, or a dash where there is nothing. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 1000 ? `${(value / 1000).toFixed(1)}k` : String(Number(value.toPrecision(3)));
}

/** Rows of cells as a Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
