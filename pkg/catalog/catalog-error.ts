/** A catalogue answer that does not have the expected shape. Nothing of it may be used: the schema stays "not known". */
export class CatalogError extends Error {
  readonly code = "catalog";

  /** `query` is the name of the catalogue query, `row` its 0-based row. The text never holds a value of the answer. */
  constructor(query: string, row: number, problem: string) {
    super(`catalogue query ${query}, row ${row}: ${problem}; is the server a PostgreSQL of a supported major?`);
    this.name = "CatalogError";
  }
}
