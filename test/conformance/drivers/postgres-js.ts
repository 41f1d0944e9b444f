import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { outcome, type Programme } from "./connection.ts";

export const postgresJs: Programme = async ({ port, user, password, database }) => {
  const notices: string[] = [];
  const sql = postgres({
    host: "127.0.0.1",
    port,
    user,
    password,
    database,
    max: 3,
    onnotice: (notice) => notices.push(`${notice.severity} ${notice.message}`),
  });
  const heard: string[] = [];
  const { unlisten } = await sql.listen("ch", (payload) => heard.push(payload));
  const ask = (query: PromiseLike<unknown>) => outcome(Promise.resolve(query).then(plain));
  const seen = [
    await ask(sql`SELECT * FROM items ORDER BY id`),
    await ask(sql`SELECT id, name FROM items WHERE id = ANY(${[1, 2, 3]}) ORDER BY id`),
    await ask(sql`SELECT ${1}::int + 1 AS n, ${"text"} AS t, ${null}::int AS z`),
    await ask(
      sql`INSERT INTO pairs ${sql([
        { a: 1, b: "x" },
        { a: 2, b: "y ☃" },
      ])} RETURNING *`,
    ),
    await ask(sql`UPDATE pairs SET ${sql({ b: "z" })} WHERE a = ${1}`),
    await ask(sql.unsafe("SELECT 1 AS a; SELECT 2 AS b")),
    await ask(sql`SELECT * FROM items ORDER BY id`.values()),
    await ask(sql`SELECT id, price FROM items ORDER BY id`.simple()),
    await ask(sql`SELECT raw FROM items ORDER BY id`.raw()),
    await ask(
      sql`SELECT id, tags FROM items WHERE id < ${5}`
        .describe()
        .then(({ string, types, columns }) => [string, types, columns.map((column) => column.name)]),
    ),
    await ask(sql`SELECT shout('hello')`),
    await ask(sql`SELEC 1`),
    await ask(sql`SELECT 1/0`),
    await ask(sql`INSERT INTO items (id, name) VALUES (${1}, ${"again"})`),
    await ask(
      sql.begin(async (own) => [
        await own`INSERT INTO pairs VALUES (5, 'five') RETURNING a`,
        await own`SELECT count(*) FROM pairs`,
      ]),
    ),
    await ask(sql.begin(async (own) => [await own`INSERT INTO pairs VALUES (6, 'six')`, await own`SELECT 1/0`])),
    await ask(sql.begin((own) => own.savepoint((inner) => inner`SELECT 1/0`).catch(() => own`SELECT 'saved' AS s`))),
    await ask(sql`SELECT a FROM pairs ORDER BY a`),
    await cursor(sql),
    await copy(sql),
    await Promise.all(Array.from({ length: 40 }, (_, n) => ask(sql`SELECT 100 / (${n}::int - 20) AS x`))),
  ];
  await sql.notify("ch", "payload");
  while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await unlisten();
  await sql.end();
  return { seen, notices, heard };
};

function plain(result: unknown): unknown {
  if (!Array.isArray(result)) return result;
  const { columns, command, count } = result as unknown as {
    columns?: { name: string; type: number }[];
    command?: string;
    count?: number;
  };
  const shape = columns?.map?.(({ name, type }) => [name, type < 16384 ? type : "own"]);
  return { rows: [...result], shape, command, count };
}

async function cursor(sql: postgres.Sql): Promise<unknown> {
  const pages: unknown[] = [];
  for await (const rows of sql`SELECT id FROM items ORDER BY id`.cursor(6)) pages.push([...rows]);
  await sql`SELECT id FROM items ORDER BY id`.forEach((row) => void pages.push(row));
  return pages;
}

async function copy(sql: postgres.Sql): Promise<unknown> {
  await pipeline(Readable.from(["20\ttwenty\n", "21\t\\N\n"]), await sql`COPY pairs FROM STDIN`.writable());
  const chunks: Buffer[] = [];
  for await (const chunk of await sql`COPY (SELECT * FROM pairs ORDER BY a, b) TO STDOUT`.readable())
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
