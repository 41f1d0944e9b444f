// Every type, method and format against a real server: what masking writes is stored by it as a value of that type.
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { compileRowMasker } from "../../pkg/mask/row-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import type { MaskContext } from "../../pkg/mask/types.ts";
import { Frontend } from "../support/frontend.ts";
import { EVERY_MASK, KEYS } from "./masks.ts";
import { cellsOf, columnRows, loadTypes, storeValues } from "./real-columns.ts";
import { DECLARATIONS, TYPED_VALUES } from "./typed-values.ts";

let server: LocalPostgres;
let client: pg.Client;
let frontend: Frontend;
let context: MaskContext;

const types = Object.keys(TYPED_VALUES);
const tableOf = (type: string) => `t${types.indexOf(type)}`;

beforeAll(async () => {
  server = await startPostgres({ extraSettings: { timezone: "UTC", lc_monetary: "C" } });
  const login = { host: "127.0.0.1", port: server.port, user: server.superuser, database: "postgres" };
  client = new pg.Client(login);
  await client.connect();
  await client.query(DECLARATIONS);
  for (const type of types) {
    await client.query(`CREATE TABLE ${tableOf(type)} (v ${type}, id int4)`);
    for (const [id, value] of [...TYPED_VALUES[type]!, null].entries()) {
      await client.query(`INSERT INTO ${tableOf(type)} VALUES ($1, $2)`, [value, id]);
    }
  }
  context = { keys: KEYS, types: await loadTypes(client), serverMajor: 18 };
  frontend = await Frontend.login(login);
});

afterAll(async () => {
  await frontend?.terminate();
  await client?.end();
  await server?.stop();
});

/** Masked cells of a type's table, by mask and row. */
async function maskedCells(
  type: string,
  format: 0 | 1,
): Promise<{ cells: (Buffer | null)[][]; original: (Buffer | null)[] }> {
  const { fields, rows } = await columnRows(frontend, `SELECT v, id FROM ${tableOf(type)} ORDER BY id`, format);
  const sink = new RowSink();
  const cells = EVERY_MASK.map(([, mask]) => {
    const masker = compileRowMasker({ columns: [mask, null] }, fields, context)!;
    return rows.map((row) => {
      masker.maskDataRow(row, 0, row.length, sink);
      return cellsOf(sink.take())[0]!;
    });
  });
  return { cells, original: rows.map((row) => cellsOf(row)[0]!) };
}

/** Distinct values, in one round through the server. */
async function storedByHex(type: string, format: 0 | 1, cells: readonly (Buffer | null)[][]) {
  const distinct = new Map(
    cells
      .flat()
      .filter((cell) => cell !== null)
      .map((cell) => [cell.toString("hex"), cell]),
  );
  const stored = await storeValues(frontend, tableOf(type), format, [...distinct.values()]);
  return new Map([...distinct.keys()].map((hex, i) => [hex, stored[i]!]));
}

// Money is written without the currency sign, which is the locale's.
describe.each(types)("%s", (type) => {
  test("masked values are values of the type, as the server itself writes them, the same in text and binary", async () => {
    await client.query("BEGIN");
    const text = await maskedCells(type, 0);
    const binary = await maskedCells(type, 1);
    const storedText = await storedByHex(type, 0, text.cells);
    const storedBinary = await storedByHex(type, 1, binary.cells);
    const problems: string[] = [];
    for (const [m, [name]] of EVERY_MASK.entries()) {
      for (const [row, cell] of text.cells[m]!.entries()) {
        const other = binary.cells[m]![row]!;
        const at = `${name} of ${text.original[row]}`;
        if ((cell === null) !== (other === null)) problems.push(`${at}: NULL in one format only`);
        if (text.original[row] === null && cell !== null) problems.push(`${at}: NULL became ${cell}`);
        if (cell === null || other === null) continue;
        const fromText = storedText.get(cell.toString("hex"))!;
        const fromBinary = storedBinary.get(other.toString("hex"))!;
        if (fromText.error !== null) problems.push(`${at}: text ${cell}: ${fromText.error}`);
        else if (type !== "money" && fromText.text !== cell.toString("utf8"))
          problems.push(`${at}: wrote ${cell}, the server writes ${fromText.text}`);
        if (fromBinary.error !== null) problems.push(`${at}: binary ${other.toString("hex")}: ${fromBinary.error}`);
        else if (!fromBinary.binary!.equals(other))
          problems.push(
            `${at}: wrote ${other.toString("hex")}, the server writes ${fromBinary.binary!.toString("hex")}`,
          );
        if (fromText.text !== fromBinary.text)
          problems.push(`${at}: text gives ${fromText.text}, binary ${fromBinary.text}`);
      }
    }
    await client.query("ROLLBACK");
    expect(problems).toEqual([]);
  });
});
