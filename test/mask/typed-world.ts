// A real server with one table per type, and the judgement whether what masking writes is a value of that type.
import pg from "pg";
import type { LocalPostgres } from "../../pkg/localdb/start-postgres.ts";
import { compileRowMasker } from "../../pkg/mask/row-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import type { MaskContext } from "../../pkg/mask/types.ts";
import { Frontend } from "../support/frontend.ts";
import { EVERY_MASK, KEYS } from "./masks.ts";
import { cellsOf, columnRows, loadTypes, type Stored, storeValues } from "./real-columns.ts";
import { DECLARATIONS } from "./typed-values.ts";

type Cell = Buffer | null;

const PROBLEMS_SHOWN = 12;

interface Masked {
  /** By mask (as in EVERY_MASK), then by row. */
  readonly cells: readonly (readonly Cell[])[];
  readonly original: readonly Cell[];
  /** What the server makes of each distinct masked value, by its bytes in hex. */
  readonly stored: ReadonlyMap<string, Stored>;
}

export class TypedWorld {
  readonly client: pg.Client;
  readonly #server: LocalPostgres;
  readonly #frontend: Frontend;
  readonly #context: MaskContext;
  readonly #types: readonly string[];

  private constructor(
    server: LocalPostgres,
    client: pg.Client,
    frontend: Frontend,
    context: MaskContext,
    types: readonly string[],
  ) {
    this.#server = server;
    this.client = client;
    this.#frontend = frontend;
    this.#context = context;
    this.#types = types;
  }

  /** `server` belongs to the world from now on. */
  static async create(server: LocalPostgres, serverMajor: number, types: readonly string[]): Promise<TypedWorld> {
    const login = { host: "127.0.0.1", port: server.port, user: server.superuser, database: "postgres" };
    const client = new pg.Client(login);
    await client.connect();
    await client.query(DECLARATIONS);
    for (const [i, type] of types.entries()) await client.query(`CREATE TABLE t${i} (v ${type}, id serial)`);
    const context = { keys: KEYS, types: await loadTypes(client), serverMajor };
    return new TypedWorld(server, client, await Frontend.login(login), context, types);
  }

  async end(): Promise<void> {
    await this.#frontend.terminate();
    await this.client.end();
    await this.#server.stop();
  }

  /** Fills the type's table with the values that the server accepts, and a NULL; returns how many those are. */
  async fill(type: string, values: readonly (string | null)[]): Promise<number> {
    const table = this.#tableOf(type);
    await this.client.query(`TRUNCATE ${table}`);
    let accepted = 0;
    for (const value of [...values, null]) {
      await this.client.query(`INSERT INTO ${table} (v) VALUES ($1)`, [value]).then(
        () => accepted++,
        () => {},
      );
    }
    return accepted;
  }

  /**
   * Masks the type's table by every method in both formats, stores what comes out, and tells what is not as it should be.
   * `exact`: the text is written as the server itself writes that value.
   */
  async problems(type: string, exact = true): Promise<string[]> {
    const text = await this.#mask(type, 0);
    const binary = await this.#mask(type, 1);
    return EVERY_MASK.flatMap(([name], mask) =>
      text.original.flatMap((original, row) => {
        const found = cellProblems(text, binary, mask, row, exact);
        return found.map((problem) => `${name} of ${original}: ${problem}`);
      }),
    ).slice(0, PROBLEMS_SHOWN);
  }

  #tableOf(type: string): string {
    return `t${this.#types.indexOf(type)}`;
  }

  async #mask(type: string, format: 0 | 1): Promise<Masked> {
    const table = this.#tableOf(type);
    const { fields, rows } = await columnRows(this.#frontend, `SELECT v, id FROM ${table} ORDER BY id`, format);
    const sink = new RowSink();
    const cells = EVERY_MASK.map(([, mask]) => {
      const masker = compileRowMasker({ columns: [mask, null] }, fields, this.#context)!;
      return rows.map((row) => {
        masker.maskDataRow(row, 0, row.length, sink);
        return cellsOf(sink.take())[0]!;
      });
    });
    const distinct = new Map(
      cells
        .flat()
        .filter((cell) => cell !== null)
        .map((cell) => [cell.toString("hex"), cell]),
    );
    const results = await storeValues(this.#frontend, table, format, [...distinct.values()]);
    const stored = new Map([...distinct.keys()].map((hex, i) => [hex, results[i]!]));
    return { cells, original: rows.map((row) => cellsOf(row)[0]!), stored };
  }
}

/** What is derived looks the same whether it was NULL or not. */
function derivedNullProblems(text: Masked, binary: Masked, mask: number, row: number): string[] {
  const value = text.original.findIndex((original) => original !== null);
  if (value === -1) return [];
  const same = [text, binary].every(({ cells }) => {
    const [masked, shown] = [cells[mask]![row]!, cells[mask]![value]!];
    return masked === shown || (masked !== null && shown !== null && masked.equals(shown));
  });
  return same ? [] : ["a derived NULL can be told from a value"];
}

function cellProblems(text: Masked, binary: Masked, mask: number, row: number, exact: boolean): string[] {
  const cell = text.cells[mask]![row]!;
  const other = binary.cells[mask]![row]!;
  if (text.original[row] === null && EVERY_MASK[mask]![0] === "derived")
    return derivedNullProblems(text, binary, mask, row);
  if (text.original[row] === null) return cell === null && other === null ? [] : ["NULL did not stay NULL"];
  if (cell === null || other === null) return cell === other ? [] : ["NULL in one format only"];
  const fromText = text.stored.get(cell.toString("hex"))!;
  const fromBinary = binary.stored.get(other.toString("hex"))!;
  if (fromText.error !== null) return [`text ${cell}: ${fromText.error}`];
  if (fromBinary.error !== null) return [`binary ${other.toString("hex")}: ${fromBinary.error}`];
  const found: string[] = [];
  if (exact && fromText.text !== cell.toString("utf8")) found.push(`wrote ${cell}, the server writes ${fromText.text}`);
  if (!fromBinary.binary!.equals(other))
    found.push(`wrote ${other.toString("hex")}, the server writes ${fromBinary.binary!.toString("hex")}`);
  if (fromText.text !== fromBinary.text) found.push(`text gives ${fromText.text}, binary ${fromBinary.text}`);
  return found;
}
