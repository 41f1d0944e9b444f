// Values as a real server sends them: whole DataRow frames in either format, and what the server makes of our own values.
import type pg from "pg";
import type { Field, TypeFacts } from "../../pkg/mask/types.ts";
import type { BackendFrame, Frontend } from "../support/frontend.ts";
import * as message from "../support/messages.ts";

/** Frames of `SELECT v FROM table` and the description of its column, in text (0) or binary (1). */
export async function columnRows(
  frontend: Frontend,
  sql: string,
  format: 0 | 1,
): Promise<{ fields: Field[]; rows: Buffer[] }> {
  const answer = await frontend.ask([
    message.parse("", sql),
    message.bind({ results: [format] }),
    message.describe("P"),
    message.execute(),
    message.sync(),
  ]);
  failOnError(answer, sql);
  const description = answer.find((one) => one.type === "T")!.body;
  const rows = answer.filter((one) => one.type === "D").map((one) => message.frame("D", one.body));
  return { fields: fieldsOf(description), rows };
}

function failOnError(answer: readonly BackendFrame[], what: string): void {
  const error = answer.find((one) => one.type === "E");
  if (error !== undefined) throw new Error(`${what}: ${error.body.toString("utf8").replaceAll("\0", " ")}`);
}

function fieldsOf(body: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 2;
  for (let i = 0; i < body.readInt16BE(0); i++) {
    at = body.indexOf(0, at) + 1;
    const format = body.readInt16BE(at + 16) as 0 | 1;
    fields.push({ type: body.readUInt32BE(at + 6), typmod: body.readInt32BE(at + 12), format });
    at += 18;
  }
  return fields;
}

/** The cells of a DataRow frame. */
export function cellsOf(row: Buffer): (Buffer | null)[] {
  const cells: (Buffer | null)[] = [];
  let at = 7;
  for (let i = 0; i < row.readInt16BE(5); i++) {
    const size = row.readInt32BE(at);
    cells.push(size === -1 ? null : row.subarray(at + 4, at + 4 + size));
    at += 4 + Math.max(0, size);
  }
  if (at !== row.length || row.readInt32BE(1) !== row.length - 1) throw new Error("a masked row has a wrong length");
  return cells;
}

export interface Stored {
  readonly text: string | null;
  readonly binary: Buffer | null;
  readonly error: string | null;
}

/** Stores each value in column v of `table` as a bound parameter and reads it back, in text and in binary. */
export async function storeValues(
  frontend: Frontend,
  table: string,
  format: 0 | 1,
  values: readonly (Buffer | null)[],
): Promise<Stored[]> {
  const bound = (value: Buffer | null, result: 0 | 1) => [
    message.bind({ statement: "store", values: [value], formats: [format], results: [result] }),
    message.execute(),
  ];
  const answers = await frontend.ask(
    [
      message.close("S", "store"),
      message.parse("store", `INSERT INTO ${table} (v) VALUES ($1) RETURNING v`),
      message.sync(),
      ...values.flatMap((value) => [...bound(value, 0), ...bound(value, 1), message.sync()]),
    ],
    values.length + 1,
  );
  return untilReady(answers).slice(1).map(storedOf);
}

function untilReady(frames: readonly BackendFrame[]): BackendFrame[][] {
  const groups: BackendFrame[][] = [[]];
  for (const frame of frames) {
    groups.at(-1)!.push(frame);
    if (frame.type === "Z") groups.push([]);
  }
  return groups.slice(0, -1);
}

function storedOf(frames: readonly BackendFrame[]): Stored {
  const rows = frames.filter((frame) => frame.type === "D");
  const [text, binary] = rows.map((frame) => cellsOf(message.frame("D", frame.body))[0]!);
  const error = frames.find((frame) => frame.type === "E");
  return {
    text: text?.toString("utf8") ?? null,
    binary: binary ?? null,
    error: error?.body.toString("utf8").replaceAll("\0", " ") ?? null,
  };
}

/** The catalogue's types as masking sees them. */
export async function loadTypes(client: pg.Client): Promise<(oid: number) => TypeFacts | undefined> {
  const { rows } = await client.query(`
    SELECT t.oid::int8::text AS oid, typtype AS kind, typcategory AS category, nspname AS schema, typname AS name,
      typelem::int8::int AS element, typbasetype::int8::int AS base, typrelid::int8::int AS relation, typtypmod AS typmod,
      (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) AS labels,
      (SELECT json_agg(json_build_object('type', atttypid::int8, 'typmod', atttypmod) ORDER BY attnum)
         FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped) AS attributes,
      (SELECT rngsubtype::int8::int FROM pg_range WHERE rngtypid = t.oid) AS subtype
    FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace`);
  const types = new Map<number, TypeFacts>();
  for (const row of rows) {
    types.set(Number(row.oid), {
      kind: row.kind,
      category: row.category,
      schema: row.schema,
      name: row.name,
      element: row.element,
      base: row.base,
      relation: row.relation,
      ...(row.kind === "d" ? { typmod: row.typmod } : {}),
      ...(row.labels === null ? {} : { enumLabels: row.labels }),
      ...(row.kind === "c" && row.attributes !== null ? { attributes: row.attributes } : {}),
      ...(row.subtype === null ? {} : { subtype: row.subtype }),
    });
  }
  return (oid) => types.get(oid);
}
