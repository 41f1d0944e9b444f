// An application: runs each statement of its arguments over and over, EVERY_MS milliseconds apart, or ONCE, each time in a session of its
// own or in one that it KEEPs, and prints one line of JSON for each.
import pg from "pg";

const { DB_HOST: host, DB_PORT: port, DB_USER: user, DB_PASSWORD: password, DB_NAME: database } = process.env;
const { ONCE, KEEP, EVERY_MS = "500" } = process.env;
process.on("SIGTERM", () => process.exit(0));
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function connected() {
  const client = new pg.Client({ host, port: Number(port ?? 5432), user, password, database: database ?? "postgres" });
  client.on("error", ({ code, message }) => say({ lost: true, code, message }));
  await client.connect();
  return client;
}

async function run(client, sql) {
  try {
    say({ sql, rows: (await client.query(sql)).rows });
  } catch (error) {
    say({ sql, code: error.code, message: error.message, detail: error.detail, hint: error.hint });
  }
}

for (let client; ; ) {
  try {
    client ??= await connected();
    for (const sql of process.argv.slice(2)) await run(client, sql);
    if (!KEEP) {
      await client.end().catch(() => {});
      client = undefined;
    }
    if (ONCE) process.exit(0);
  } catch (error) {
    say({ connect: false, code: error.code, message: error.message });
  }
  await new Promise((resolve) => setTimeout(resolve, Number(EVERY_MS)));
}
