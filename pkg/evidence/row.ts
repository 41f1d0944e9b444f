// What populations are made of: flat rows with plain cells, so that a question, a CSV and a PDF mean the same by them.

export type Cell = string | number | boolean | null | readonly string[];
export type Row = Readonly<Record<string, Cell>>;

export const TABLES = ["statements", "sessions", "columns", "policies", "chains", "access"] as const;
export type TableName = (typeof TABLES)[number];

/** The rows of one period, each table in the order of time and then of record. */
export type Tables = Readonly<Record<TableName, readonly Row[]>>;

/** A cell as text, in every file of a pack: lists with "; " between, times as ISO 8601 in UTC, nothing for null. */
export function cellText(column: string, cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number" && timeColumns.has(column)) return timeText(cell);
  if (typeof cell === "object") return cell.join("; ");
  return String(cell);
}

const timeColumns = new Set(["time", "lastUse", "firstTime", "lastTime"]);

export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
