// One row of a catalogue answer: an ASCII text that holds a JSON array (see `jsonRow`), read with its types checked.
import { CatalogError } from "./catalog-error.ts";

export class Fields {
  private readonly query: string;
  private readonly row: number;
  private readonly values: readonly unknown[];

  private constructor(query: string, row: number, values: readonly unknown[]) {
    this.query = query;
    this.row = row;
    this.values = values;
  }

  static of(query: string, row: number, cells: readonly (string | null)[], count: number): Fields {
    const [cell] = cells;
    if (cells.length !== 1 || typeof cell !== "string") throw new CatalogError(query, row, "it is not one text");
    const values = parsed(cell);
    if (!Array.isArray(values) || values.length !== count)
      throw new CatalogError(query, row, `it is not ${count} values`);
    return new Fields(query, row, values);
  }

  /** The array at `index` as fields of its own. */
  nested(index: number, count: number): Fields[] {
    return this.list(index).map((values) => {
      if (!Array.isArray(values) || values.length !== count) throw this.wrong(index, `a list of ${count} values each`);
      return new Fields(this.query, this.row, values);
    });
  }

  number(index: number): number {
    const value = this.values[index];
    if (typeof value !== "number") throw this.wrong(index, "a number");
    return value;
  }

  text(index: number): string {
    const value = this.values[index];
    if (typeof value !== "string") throw this.wrong(index, "a text");
    return value;
  }

  textOrNull(index: number): string | null {
    return this.values[index] === null ? null : this.text(index);
  }

  boolean(index: number): boolean {
    const value = this.values[index];
    if (typeof value !== "boolean") throw this.wrong(index, "true or false");
    return value;
  }

  /** A missing list (NULL of an outer join) is empty. */
  numbers(index: number): readonly number[] {
    const list = this.list(index);
    if (!list.every((value) => typeof value === "number")) throw this.wrong(index, "a list of numbers");
    return list as number[];
  }

  numberLists(index: number): readonly (readonly number[])[] {
    const lists = this.list(index);
    const fits = (list: unknown) => Array.isArray(list) && list.every((value) => typeof value === "number");
    if (!lists.every(fits)) throw this.wrong(index, "a list of lists of numbers");
    return lists as number[][];
  }

  texts(index: number): readonly string[] {
    const list = this.list(index);
    if (!list.every((value) => typeof value === "string")) throw this.wrong(index, "a list of texts");
    return list as string[];
  }

  private list(index: number): readonly unknown[] {
    const value = this.values[index];
    if (value === null) return none;
    if (!Array.isArray(value)) throw this.wrong(index, "a list");
    return value;
  }

  private wrong(index: number, expected: string): CatalogError {
    return new CatalogError(this.query, this.row, `value ${index} is not ${expected}`);
  }
}

const none: readonly unknown[] = [];

function parsed(cell: string): unknown {
  try {
    return JSON.parse(cell.includes("\\") ? unescaped(cell) : cell);
  } catch {
    return undefined;
  }
}

/** Bytea's escape format: \\ is a backslash, \ooo a byte. The bytes are UTF-8. */
function unescaped(text: string): string {
  const bytes = text.replace(/\\(\\|[0-7]{3})/g, (_, code) =>
    code === "\\" ? code : String.fromCharCode(Number.parseInt(code, 8)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
