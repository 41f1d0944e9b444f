// A PostgreSQL in a pod: makes its data, starts, runs INIT_SQL once.
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import pg from "pg";

const [bin, data] = ["/e2e/native/bin", "/tmp/data"];
const password = process.env.POSTGRES_PASSWORD;
writeFileSync("/tmp/password", password);
const init = spawnSync(
  `${bin}/initdb`,
  ["-D", data, "-U", "postgres", "--auth=scram-sha-256", "--pwfile=/tmp/password"],
  { stdio: "inherit" },
);
if (init.status !== 0) process.exit(1);
writeFileSync(`${data}/pg_hba.conf`, "host all all all scram-sha-256\n");
const server = spawn(`${bin}/postgres`, ["-D", data, "-c", "listen_addresses=*", "-c", "unix_socket_directories="], {
  stdio: "inherit",
});
server.on("exit", (code) => process.exit(code ?? 1));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.kill("SIGINT"));
for (let attempt = 0; attempt < 100; attempt++) {
  const client = new pg.Client({ host: "127.0.0.1", user: "postgres", password, database: "postgres" });
  try {
    await client.connect();
    await client.query(process.env.INIT_SQL ?? "SELECT 1");
    await client.end();
    writeFileSync("/tmp/ready", "");
    break;
  } catch (error) {
    if (error.code !== "ECONNREFUSED" && error.code !== "57P03") process.stderr.write(`${error.message}\n`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
