// What the server itself says of a statement's columns, without running it.
import type pg from "pg";

export interface DescribedColumn {
  readonly name: string;
  readonly table: number;
  readonly column: number;
  readonly type: number;
}

interface Wire {
  parse(message: { text: string; name: string; types: readonly number[] }): void;
  describe(message: { type: "S"; name: string }): void;
  sync(): void;
}

interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
}

type Described = readonly DescribedColumn[] | null | { readonly error: string };

/** Columns; null for a statement that returns no rows; the server's own message where it refuses the text. */
export function describeOnServer(client: pg.Client, text: string): Promise<Described> {
  return new Promise((resolve) => {
    let result: Described = null;
    const asking = {
      submit(wire: Wire) {
        wire.parse({ text, name: "", types: [] });
        wire.describe({ type: "S", name: "" });
        wire.sync();
      },
      handleRowDescription({ fields }: { fields: readonly Field[] }) {
        result = fields.map(({ name, tableID, columnID, dataTypeID }) => ({
          name,
          table: tableID,
          column: columnID,
          type: dataTypeID,
        }));
      },
      handleError(error: Error) {
        result = { error: error.message };
        resolve(result);
      },
      handleReadyForQuery: () => resolve(result),
    };
    client.query(asking as never);
  });
}
