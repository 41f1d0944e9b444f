// Rows as lines: CSV (RFC 4180) that no spreadsheet takes for formulas, and JSON objects.
import type { AnswerField } from "../store/question.ts";
import type { Cell } from "../store/store.ts";

export function csvHeader(fields: readonly AnswerField[]): string {
  return `${fields.map(({ name }) => csvText(name)).join(",")}\r\n`;
}

/** Times as ISO 8601 in UTC, lists with `; ` between. */
export function csvLine(row: readonly Cell[], fields: readonly AnswerField[]): string {
  return `${row.map((cell, at) => csvText(plainText(cell, fields[at]!))).join(",")}\r\n`;
}

export function jsonLine(row: readonly Cell[], fields: readonly AnswerField[]): string {
  return `${JSON.stringify(Object.fromEntries(fields.map(({ name }, at) => [name, row[at] ?? null])))}\n`;
}

/** Nothing for null. */
export function plainText(cell: Cell, { type }: AnswerField): string {
  if (cell === null) return "";
  if (type === "time") return new Date(cell as number).toISOString();
  return Array.isArray(cell) ? cell.join("; ") : String(cell);
}

/** What a spreadsheet would take for a formula gets an apostrophe. Source: OWASP, CSV injection. */
function csvText(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
