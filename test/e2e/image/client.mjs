// An application: runs each statement of its arguments over and over, or ONCE, and prints one line of JSON for each.
import pg from "pg";

const { DB_HOST: host, DB_PORT: port, DB_USER: user, DB_PASSWORD: password, DB_NAME: database, ONCE } = process.env;
process.on("SIGTERM", () => process.exit(0));
for (;;) {
  const client = new pg.Client({ host, port: Number(port ?? 5432), user, password, database: database ?? "postgres" });
  client.on("error", () => {});
  let failed = false;
  try {
    await client.connect();
    for (const sql of process.argv.slice(2)) {
      try {
        console.log(JSON.stringify({ sql, rows: (await client.query(sql)).rows }));
      } catch (error) {
        console.log(
          JSON.stringify({ sql, code: error.code, message: error.message, detail: error.detail, hint: error.hint }),
        );
      }
    }
  } catch (error) {
    failed = true;
    console.log(JSON.stringify({ connect: false, code: error.code, message: error.message }));
  }
  await client.end().catch(() => {});
  if (ONCE && !failed) process.exit(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
}
