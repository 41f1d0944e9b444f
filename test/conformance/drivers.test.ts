// Real programs over real drivers: the same programme gives the same results directly and through the sidecar.
import { execFile, spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Governed, startGoverned } from "../support/governed.ts";
import { makeTemplate, PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import type { Connection, Programme } from "./drivers/connection.ts";
import { drizzle } from "./drivers/drizzle.ts";
import { nodePostgres } from "./drivers/node-postgres.ts";
import { postgresJs } from "./drivers/postgres-js.ts";
import { psqlCalls } from "./drivers/psql.ts";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "drivers");
const has = (command: string, ...args: readonly string[]) =>
  spawnSync(command, args, {
    cwd: join(folder, "pgx"),
    env: { ...process.env, GOFLAGS: "-mod=mod", GOPROXY: "off", GOWORK: "off" },
  }).status === 0;
const jdbcJar = globSync([
  "/usr/share/java/postgresql*.jar",
  join(homedir(), ".m2/repository/org/postgresql/postgresql/*/postgresql-*.jar"),
])
  .sort()
  .at(-1);

let server: TestServer;
let governed: Governed;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await makeTemplate(server, "play_template", "play.sql");
  governed = await startGoverned({ upstreamPort: server.port });
});

afterAll(async () => {
  await governed?.stop();
  await server?.stop();
});

async function bothWays<T>(work: (connection: Connection) => Promise<T>): Promise<{ direct: T; through: T }> {
  const [direct, through] = [await inNew(server.port, work), await inNew(governed.port, work)];
  return { direct, through };
}

async function inNew<T>(port: number, work: (connection: Connection) => Promise<T>): Promise<T> {
  while ((await server.admin("SELECT count(*) FROM pg_stat_activity WHERE datname = 'play'")) !== "0")
    await new Promise((resolve) => setTimeout(resolve, 10));
  await server.freshDatabase("play", "play_template");
  return work({ port, user: "app", password: PASSWORD, database: "play" });
}

/** What a program prints, whatever its exit code. */
async function printed(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  input = "",
): Promise<unknown> {
  const options = { cwd: join(folder, "pgx"), env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
  const running = run(command, [...args], options);
  running.child.stdin?.end(input);
  const { stdout, stderr, code } = await running.catch((error) => error);
  return { stdout, stderr, code };
}

const argsOf = ({ port, user, password, database }: Connection) => [String(port), user, password, database];

describe.each<[string, Programme]>([
  ["node-postgres with pg-cursor and pg-copy-streams", nodePostgres],
  ["postgres.js", postgresJs],
  ["drizzle-orm", drizzle],
])("%s", (_, programme) => {
  test("sees the same", async () => {
    const { direct, through } = await bothWays(programme);
    expect(through).toEqual(direct);
  });
});

/** A test that says by its name what was not there to be tested. */
const where = (installed: boolean, name: string) =>
  installed ? test.each([name]) : test.skip.each([`SKIPPED, NOT INSTALLED HERE: ${name}`]);

const psql = has("psql", "--version");
where(psql, "psql prints the same")("%s", async () => {
  const call =
    ({ port, user, password, database }: Connection) =>
    async (lines: readonly string[]) =>
      printed(
        "psql",
        ["-X", "-h", "127.0.0.1", "-p", String(port), "-U", user, "-d", database],
        { PGPASSWORD: password },
        lines.map((line) => (line.includes("\\") ? line : `${line};`)).join("\n"),
      );
  const all = async (connection: Connection) => {
    const answers: unknown[] = [];
    for (const lines of psqlCalls) answers.push([lines, hidePort(await call(connection)(lines), connection.port)]);
    return answers;
  };
  const { direct, through } = await bothWays(all);
  for (const [index, answer] of direct.entries()) expect(through[index]).toEqual(answer);
});

const hidePort = (value: unknown, port: number): unknown =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll(`port ${port}`, "port PORT")
      .replaceAll(/PID \d+/g, "PID"),
  );

where(has("python3", "-c", "import psycopg; assert psycopg.__version__ >= '3.1'"), "psycopg prints the same")(
  "%s",
  async () => {
    const { direct, through } = await bothWays((connection) =>
      printed("python3", [join(folder, "psycopg-programme.py"), ...argsOf(connection)]),
    );
    expect(through).toEqual(direct);
    expect(direct).toMatchObject({ stderr: "" });
  },
  60_000,
);

where(has("go", "build", "-o", "/dev/null", "."), "pgx prints the same")(
  "%s",
  async () => {
    const env = { GOFLAGS: "-mod=mod", GOPROXY: "off", GOWORK: "off" };
    const { direct, through } = await bothWays((connection) => printed("go", ["run", ".", ...argsOf(connection)], env));
    expect(through).toEqual(direct);
    expect(direct).toMatchObject({ stderr: "" });
  },
  240_000,
);

where(jdbcJar !== undefined && has("java", "-version"), "JDBC prints the same")(
  "%s",
  async () => {
    const { direct, through } = await bothWays((connection) =>
      printed("java", ["-cp", jdbcJar!, join(folder, "Jdbc.java"), ...argsOf(connection)]),
    );
    expect(through).toEqual(direct);
    expect(direct).toMatchObject({ stderr: "" });
  },
  120_000,
);
