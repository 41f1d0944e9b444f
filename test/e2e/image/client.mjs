// An application: runs each statement of its arguments over and over, or ONCE, and prints one line of JSON for each.
import pg from "pg";

const { DB_HOST: host, DB_PORT: port, DB_USER: user, DB_PASSWORD: password, DB_NAME: database, ONCE } = process.env;
process.on("SIGTERM", () => process.exit(0));
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
for (;;) {
  const client = new pg.Client({ host, port: Number(port ?? 5432), user, password, database: database ?? "postgres" });
  client.on("error", () => {});
  let failed = false;
  try {
    await client.connect();
    for (const sql of process.argv.slice(2)) {
      try {
        say({ sql, rows: (await client.query(sql)).rows });
      } catch (error) {
        say({ sql, code: error.code, message: error.message, detail: error.detail, hint: error.hint });
      }
    }
  } catch (error) {
    failed = true;
    say({ connect: false, code: error.code, message: error.message });
  }
  await client.end().catch(() => {});
  if (ONCE && !failed) process.exit(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
}
