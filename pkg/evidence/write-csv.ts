// CSV as pandas, Excel and psql read it (RFC 4180), in which no cell is a formula: names and texts in records come from clients, and a
// spreadsheet would run `=HYPERLINK(...)` on the auditor's machine.
import { cellText, type Row } from "./row.ts";

export function writeCsv(columns: readonly string[], rows: readonly Row[]): Buffer {
  const lines = rows.map((row) => columns.map((column) => csvCell(cellText(column, row[column]))).join(","));
  return Buffer.from(`${[columns.join(","), ...lines].join("\r\n")}\r\n`);
}

function csvCell(text: string): string {
  const safe = /^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text) || /^[\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
