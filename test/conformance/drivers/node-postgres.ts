import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import Cursor from "pg-cursor";
import { type Connection, outcome, type Programme } from "./connection.ts";

const EVERYTHING = "SELECT * FROM items ORDER BY id";

export const nodePostgres: Programme = async (connection) => {
  const client = new pg.Client({ host: "127.0.0.1", ...connection });
  const notices: string[] = [];
  const heard: string[] = [];
  client.on("notice", (notice) => notices.push(`${notice.severity} ${notice.message}`));
  client.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
  await client.connect();
  const ask = (...args: unknown[]) =>
    outcome((client.query as (...all: unknown[]) => Promise<pg.QueryResult>)(...args).then(shape));
  const seen = [
    await ask(EVERYTHING),
    await ask({ text: "SELECT id, name FROM items WHERE id = ANY($1) ORDER BY id", values: [[1, 3, 5]] }),
    await ask({ name: "named", text: "SELECT $1::int + 1 AS n", values: [1] }),
    await ask({ name: "named", text: "SELECT $1::int + 1 AS n", values: [2] }),
    await ask({ text: "SELECT 1, 'a', NULL", rowMode: "array" }),
    await ask("SELECT 1 AS a; SELECT 2 AS b; INSERT INTO pairs VALUES (1, 'x')"),
    await ask("INSERT INTO pairs VALUES ($1, $2) RETURNING *", [2, "zwei ☃"]),
    await ask("SELECT $1::jsonb AS j, $2::timestamptz AS t, $3::bytea AS b", [
      { a: [1] },
      new Date(0),
      Buffer.from([1, 2]),
    ]),
    await ask("SELECT shout('hello')"),
    await ask("LISTEN ch"),
    await ask("NOTIFY ch, 'payload'"),
    await ask("SELEC 1"),
    await ask("INSERT INTO items (id, name) VALUES (1, 'again')"),
    await ask("SELECT $1::int", ["x"]),
    await ask("BEGIN"),
    await ask("SELECT 1/0"),
    await ask("SELECT 1"),
    await ask("ROLLBACK"),
    await ask(""),
    await withCursor(client),
    await copyBothWays(client),
    await pipelined(connection),
    await pooled(connection),
  ];
  await client.end();
  return { seen, notices, heard };
};

function shape(result: pg.QueryResult | pg.QueryResult[]): unknown {
  if (Array.isArray(result)) return result.map(shape);
  const { command, rowCount, rows, fields } = result;
  return {
    command,
    rowCount,
    rows,
    fields: fields.map(({ name, dataTypeID, dataTypeSize, dataTypeModifier, format }) => ({
      name,
      dataTypeID: dataTypeID < 16384 ? dataTypeID : "own",
      dataTypeSize,
      dataTypeModifier,
      format,
    })),
  };
}

async function withCursor(client: pg.Client): Promise<unknown> {
  const cursor = client.query(new Cursor("SELECT id FROM items WHERE id > $1 ORDER BY id", [2]));
  const pages = [await cursor.read(5), await cursor.read(5)];
  await cursor.close();
  const whole = client.query(new Cursor("SELECT 10 / (id - 7) AS x FROM items ORDER BY id", []));
  return [...pages, await outcome(whole.read(100))];
}

async function copyBothWays(client: pg.Client): Promise<unknown> {
  await pipeline(Readable.from(["10\tten\n", "11\tele", "ven\n"]), client.query(copyFrom("COPY pairs FROM STDIN")));
  const chunks: Buffer[] = [];
  const collect = new Writable({ write: (chunk, _, done) => done(void chunks.push(chunk)) });
  await pipeline(client.query(copyTo("COPY (SELECT * FROM pairs ORDER BY a) TO STDOUT (FORMAT csv, HEADER)")), collect);
  const bad = client.query(copyFrom("COPY pairs FROM STDIN"));
  const failed = once(bad, "error").catch((error: unknown) => error);
  bad.end("not a number\n");
  return [Buffer.concat(chunks).toString(), String(await failed)];
}

/** Many queries handed over at once. */
async function pipelined(connection: Connection): Promise<unknown> {
  const client = new pg.Client({ host: "127.0.0.1", ...connection });
  await client.connect();
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      outcome(client.query("SELECT 100 / ($1::int - 25) AS x", [n]).then((result) => result.rows)),
    ),
  );
  await client.end();
  return all;
}

async function pooled(connection: Connection): Promise<unknown> {
  const pool = new pg.Pool({ host: "127.0.0.1", ...connection, max: 4 });
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      outcome(pool.query("SELECT $1::text AS x, count(*) FROM items", [`v${n}`]).then((result) => result.rows)),
    ),
  );
  await pool.end();
  return all;
}
