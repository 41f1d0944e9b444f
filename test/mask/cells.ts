// One cell in, its masked form out, through the same row masker that the gate uses.
import { compileRowMasker } from "../../pkg/mask/row-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import type { Field, MaskContext } from "../../pkg/mask/types.ts";
import type { ColumnMask } from "../../pkg/policy/decision.ts";
import { KEYS } from "./masks.ts";
import { cellsOf } from "./real-columns.ts";

export const CONTEXT: MaskContext = { keys: KEYS, types: () => undefined, serverMajor: 18 };

/** A DataRow frame. */
export function dataRow(values: readonly (Buffer | string | null)[]): Buffer {
  const cells = values.map((value) => {
    const bytes = value === null ? Buffer.alloc(0) : Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  });
  const body = Buffer.concat(cells);
  const head = Buffer.alloc(7);
  head.write("D");
  head.writeInt32BE(6 + body.length, 1);
  head.writeInt16BE(values.length, 5);
  return Buffer.concat([head, body]);
}

/** The masked form of a single value of a type. */
export function maskCell(
  mask: ColumnMask,
  type: number,
  value: Buffer | string | null,
  field: Partial<Field> = {},
  context = CONTEXT,
): Buffer | null {
  const masker = compileRowMasker({ columns: [mask] }, [{ type, typmod: -1, format: 0, ...field }], context)!;
  const sink = new RowSink();
  const row = dataRow([value]);
  masker.maskDataRow(row, 0, row.length, sink);
  return cellsOf(sink.take())[0]!;
}

/** The same as text. */
export function maskText(
  mask: ColumnMask,
  type: number,
  value: string | null,
  field: Partial<Field> = {},
): string | null {
  return maskCell(mask, type, value, field)?.toString("utf8") ?? null;
}
