// Rows for people: a table whose cells hold nothing that a terminal would obey.
import { plainText } from "../../../pkg/collector/row-texts.ts";
import type { AnswerField } from "../../../pkg/store/question.ts";
import type { Cell } from "../../../pkg/store/store.ts";
import { type Terminal, table } from "../terminal.ts";

const CELL_MAX = 60;

/** Columns of nothing at all are left out; whether that was so. */
export function printRows(
  fields: readonly AnswerField[],
  rows: readonly (readonly Cell[])[],
  { terminal, wide }: { readonly terminal: Terminal; readonly wide: boolean },
): void {
  const shown = fields.map((_, at) => at).filter((at) => wide || rows.some((row) => !isNothing(row[at] ?? null)));
  const cells = rows.map((row) => shown.map((at) => cellText(plainText(row[at] ?? null, fields[at]!), wide)));
  const names = shown.map((at) => fields[at]!.name);
  for (const line of table(names, cells)) terminal.print(line);
}

function isNothing(cell: Cell): boolean {
  return cell === null || cell === "" || (Array.isArray(cell) && cell.length === 0);
}

function cellText(text: string, wide: boolean): string {
  const safe = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "·");
  return wide || safe.length <= CELL_MAX ? safe : `${safe.slice(0, CELL_MAX - 1)}…`;
}
