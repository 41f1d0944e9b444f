// COPY OUT of a real server, masked, loads again into a table of the same columns, and holds what masked rows hold.
import pg from "pg";
import { type LocalPostgres, startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { type CopyShape, compileCopyMasker } from "../../pkg/mask/copy-masker.ts";
import { compileRowMasker } from "../../pkg/mask/row-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import type { Field, MaskContext } from "../../pkg/mask/types.ts";
import type { ColumnMask, MaskPlan } from "../../pkg/policy/decision.ts";
import { Frontend } from "../support/frontend.ts";
import * as message from "../support/messages.ts";
import { EVERY_MASK, KEYS } from "./masks.ts";
import { cellsOf, columnRows, loadTypes } from "./real-columns.ts";
import { DECLARATIONS, TYPED_VALUES } from "./typed-values.ts";

let server: LocalPostgres;
let client: pg.Client;
let frontend: Frontend;
let context: MaskContext;
let fields: Field[];

const types = Object.keys(TYPED_VALUES);
const rowCount = Math.max(...Object.values(TYPED_VALUES).map((values) => values.length)) + 1;

beforeAll(async () => {
  server = await startPostgres({ extraSettings: { timezone: "UTC" } });
  const login = { host: "127.0.0.1", port: server.port, user: server.superuser, database: "postgres" };
  client = new pg.Client(login);
  await client.connect();
  await client.query(DECLARATIONS);
  await client.query(`CREATE TABLE wide (${types.map((type, i) => `c${i} ${type}`).join(", ")}, id int4)`);
  await client.query("CREATE TABLE copied (LIKE wide)");
  const slots = types.map((_, i) => `$${i + 1}`).join(", ");
  for (let id = 0; id < rowCount; id++) {
    const values = types.map((type) => TYPED_VALUES[type]![id] ?? null);
    await client.query(`INSERT INTO wide VALUES (${slots}, $${types.length + 1})`, [...values, id]);
  }
  context = { keys: KEYS, types: await loadTypes(client), serverMajor: 18 };
  frontend = await Frontend.login(login);
  fields = (await columnRows(frontend, "SELECT * FROM wide", 0)).fields;
});

afterAll(async () => {
  await frontend?.terminate();
  await client?.end();
  await server?.stop();
});

const TEXT: Omit<CopyShape, "types" | "typmods"> = {
  format: "text",
  delimiter: "\t",
  nullText: "\\N",
  quote: '"',
  escape: '"',
  header: false,
  forceQuote: [],
};
const CSV: Omit<CopyShape, "types" | "typmods"> = { ...TEXT, format: "csv", delimiter: ",", nullText: "" };

const VARIANTS: readonly (readonly [string, Omit<CopyShape, "types" | "typmods">])[] = [
  ["FORMAT text", TEXT],
  ["FORMAT text, DELIMITER '|', NULL '*', HEADER", { ...TEXT, delimiter: "|", nullText: "*", header: true }],
  ["FORMAT csv", CSV],
  ["FORMAT csv, HEADER, FORCE_QUOTE *", { ...CSV, header: true, forceQuote: "*" }],
  [
    "FORMAT csv, DELIMITER ';', NULL '***', QUOTE '''', ESCAPE '\\', FORCE_QUOTE (c0, c11)",
    { ...CSV, delimiter: ";", nullText: "***", quote: "'", escape: "\\", forceQuote: [0, 11] },
  ],
  ["FORMAT csv, DELIMITER '@', QUOTE '*', ESCAPE '_'", { ...CSV, delimiter: "@", quote: "*", escape: "_" }],
  ["FORMAT binary", { ...TEXT, format: "binary" }],
];

/** Every column but the last, which is the subject of ShiftDate. */
function planOf(mask: ColumnMask): MaskPlan {
  const own = mask.apply === "method" && mask.subject !== undefined ? { ...mask, subject: types.length } : mask;
  return { columns: [...types.map(() => own), null] };
}

async function copyOut(options: string): Promise<Buffer[]> {
  const answer = await frontend.ask([message.query(`COPY wide TO STDOUT (${options})`)]);
  return answer.filter((one) => one.type === "d").map((one) => one.body);
}

/** The server's error, or null. */
async function copyIn(options: string, data: Buffer): Promise<string | null> {
  await frontend.ask([message.query("TRUNCATE copied")]);
  const answer = await frontend.ask([
    message.query(`COPY copied FROM STDIN (${options})`),
    message.copyData(data),
    message.copyDone(),
  ]);
  return (
    answer
      .find((one) => one.type === "E")
      ?.body.toString("utf8")
      .replaceAll("\0", " ") ?? null
  );
}

/** What COPY FROM takes: the options that only COPY TO has are left out. */
const inOptions = (options: string) => options.replace(/, FORCE_QUOTE .*$/, "");

async function rowsOf(table: string, format: 0 | 1, plan: MaskPlan | null): Promise<(string | null)[][]> {
  const result = await columnRows(frontend, `SELECT * FROM ${table} ORDER BY id`, format);
  const masker = plan === null ? null : compileRowMasker(plan, result.fields, context);
  const sink = new RowSink();
  return result.rows.map((row) => {
    if (masker === null) return cellsOf(row).map((cell) => cell?.toString("latin1") ?? null);
    masker.maskDataRow(row, 0, row.length, sink);
    return cellsOf(sink.take()).map((cell) => cell?.toString("latin1") ?? null);
  });
}

describe.each(VARIANTS)("COPY (%s)", (options, shape) => {
  test.each(EVERY_MASK)("%s", async (_name, mask) => {
    const copy = { ...shape, types: fields.map((field) => field.type), typmods: fields.map((field) => field.typmod) };
    const masker = compileCopyMasker(planOf(mask), copy, context)!;
    const parts = (await copyOut(options)).map((body) => masker.push(body));
    masker.finish();
    expect(await copyIn(inOptions(options), Buffer.concat(parts))).toBeNull();
    const format = shape.format === "binary" ? 1 : 0;
    const stored = await rowsOf("copied", format, null);
    const expected = await rowsOf("wide", format, planOf(mask));
    const money = types.indexOf("money");
    for (const row of [...stored, ...expected]) row[money] = row[money]?.replace("$", "") ?? null;
    expect(stored).toEqual(expected);
  });
});
