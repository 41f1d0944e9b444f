// Rows as a Parquet file, written by DuckDB on this side.
import { renameSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { DuckDBInstance, DuckDBTimestampValue, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import type { FieldType } from "../../../pkg/store/fields.ts";
import type { AnswerField } from "../../../pkg/store/question.ts";

const types: Readonly<Record<FieldType, string>> = {
  text: "VARCHAR",
  texts: "VARCHAR[]",
  integer: "BIGINT",
  time: "TIMESTAMP",
  boolean: "BOOLEAN",
};

/** `lines`: a JSON object a row. The file is there only when it is whole; returns how many rows. */
export async function writeParquet(lines: Readable, fields: readonly AnswerField[], out: string): Promise<number> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const part = `${out}.part`;
  let count = 0;
  try {
    const columns = fields.map(({ name, type }) => `"${name}" ${types[type]}`);
    await connection.run(`CREATE TABLE answer (${columns.join(", ")})`);
    const appender = await connection.createAppender("answer");
    for await (const line of createInterface({ input: lines, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line === "") continue;
      const row = JSON.parse(line);
      for (const { name, type } of fields) {
        const value = row[name];
        if (value === null || value === undefined) appender.appendNull();
        else if (type === "texts") appender.appendList(listValue(value), LIST(VARCHAR));
        else if (type === "integer") appender.appendBigInt(BigInt(value));
        else if (type === "time") appender.appendTimestamp(new DuckDBTimestampValue(BigInt(value) * 1000n));
        else if (type === "boolean") appender.appendBoolean(value);
        else appender.appendVarchar(value);
      }
      appender.endRow();
      count++;
    }
    appender.closeSync();
    await connection.run(`COPY answer TO '${part.replaceAll("'", "''")}' (FORMAT PARQUET)`);
    renameSync(part, out);
    return count;
  } finally {
    rmSync(part, { force: true });
    connection.closeSync();
    instance.closeSync();
  }
}
