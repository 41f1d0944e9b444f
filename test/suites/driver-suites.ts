// The tests that drivers bring along, fetched by their own package managers: pgx's (Go), psycopg2's (Python), pgjdbc's (Java) and node-postgres'. Each result is a line a
// test, so that two runs can be compared.
import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DriverSuite, outputOf } from "./driver-suite.ts";
import { jdbc } from "./jdbc-suite.ts";
import { nodePostgres } from "./node-postgres-suite.ts";
import type { Tools } from "./prepare.ts";

const PGX = "github.com/jackc/pgx/v5@v5.7.1";
const PSYCOPG2 = "2.9.10";
/** 100,000 statements in one batch within two minutes: a measure of the machine. */
const PGX_SKIPS = "TestConnExecBatchHuge";
const pgxPackages = [".", "pgconn", "pgtype", "pgxpool"];
const PACKAGE_MS_MAX = 300_000;
const RUN_MS_MAX = 20 * 60_000;

const pgx: DriverSuite = {
  prepare(tools) {
    const folder = join(tools.folder, "pgx");
    if (existsSync(join(folder, "go.mod"))) return;
    const told = execFileSync("go", ["mod", "download", "-json", PGX], { cwd: tools.folder, encoding: "utf8" });
    cpSync((JSON.parse(told) as { Dir: string }).Dir, folder, { recursive: true });
    execFileSync("chmod", ["-R", "u+w", folder]);
  },
  setUp: (tools) => ["-f", join(tools.folder, "pgx/testsetup/postgresql_setup.sql")],
  run(tools, port, database) {
    const url = `host=127.0.0.1 port=${port} user=postgres database=${database} sslmode=disable`;
    return pgxPackages.flatMap((name) => {
      const args = ["test", "-count=1", "-v", "-timeout", `${PACKAGE_MS_MAX / 1000}s`, "-skip", PGX_SKIPS, `./${name}`];
      const env = { ...process.env, PGX_TEST_DATABASE: url, PGX_TEST_TCP_CONN_STRING: url };
      const printed = outputOf("go", args, { cwd: join(tools.folder, "pgx"), msMax: PACKAGE_MS_MAX, env });
      return [...printed.matchAll(/^--- (PASS|FAIL|SKIP): (\S+)/gm)].map(
        ([, how, test]) => `${{ PASS: "ok", FAIL: "failed", SKIP: "skipped" }[how!]} ${name} ${test}`,
      );
    });
  },
};

const psycopg2: DriverSuite = {
  prepare(tools) {
    const folder = join(tools.folder, "psycopg2");
    if (existsSync(join(folder, "tests"))) return;
    mkdirSync(folder, { recursive: true });
    const inFolder: ExecFileSyncOptions = { cwd: folder, stdio: ["ignore", "ignore", "pipe"] };
    execFileSync("python3", ["-m", "venv", "venv"], inFolder);
    execFileSync("venv/bin/pip", ["install", "-q", "setuptools", "wheel", `psycopg2-binary==${PSYCOPG2}`], inFolder);
    const source = ["--no-binary", ":all:", "--no-deps", "--no-build-isolation", `psycopg2==${PSYCOPG2}`];
    execFileSync("venv/bin/pip", ["download", "-q", ...source, "-d", "."], inFolder);
    const packed = readdirSync(folder).find((name) => name.endsWith(".tar.gz"))!;
    execFileSync("tar", ["xzf", packed, "--strip-components=1", "--wildcards", "*/tests"], inFolder);
  },
  setUp: () => ["-c", "CREATE EXTENSION hstore"],
  run(tools, port, database) {
    const env = {
      ...process.env,
      PSYCOPG2_TESTDB: database,
      PSYCOPG2_TESTDB_HOST: "127.0.0.1",
      PSYCOPG2_TESTDB_PORT: String(port),
      PSYCOPG2_TESTDB_USER: "postgres",
    };
    const main = "import tests; tests.unittest.main(defaultTest='tests.test_suite')";
    const folder = join(tools.folder, "psycopg2");
    const printed = outputOf(join(folder, "venv/bin/python"), ["-c", main, "--verbose"], {
      cwd: folder,
      msMax: RUN_MS_MAX,
      env,
    });
    // A test's description, and what it prints, may stand between its name and its result.
    return [...printed.matchAll(/^(\w+) \(([\w.]+)\)[\s\S]*?\.\.\. (?:[\s\S]*?)(ok|FAIL|ERROR|skipped)\b/gm)].map(
      ([, test, where, how]) => `${{ ok: "ok", skipped: "skipped" }[how!] ?? "failed"} ${where} ${test}`,
    );
  },
};

export const driverSuites = { pgx, psycopg2, jdbc, "node-postgres": nodePostgres } as const satisfies Readonly<
  Record<string, DriverSuite>
>;
export type DriverName = keyof typeof driverSuites;

/** Writes results/NAME.out, and makes the database first. */
export function runDriver(name: DriverName, tools: Tools, folder: string, ports: { direct: number; through: number }) {
  const suite: DriverSuite = driverSuites[name];
  const psql = (database: string, args: readonly string[]) =>
    execFileSync(
      join(tools.binaries, "psql"),
      ["-X", "-q", "-h", "127.0.0.1", "-p", String(ports.direct), "-U", "postgres", "-d", database, ...args],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
  psql("postgres", ["-c", `CREATE DATABASE "${name}"`]);
  psql(name, suite.setUp(tools));
  const lines = [...suite.run(tools, ports.through, name)].sort();
  if (lines.length === 0) throw new Error(`${name}: no test ran`);
  writeFileSync(join(folder, "results", `${name}.out`), `${lines.join("\n")}\n`);
  const ran = lines.filter((line) => !line.startsWith("skipped"));
  return { passed: ran.filter((line) => line.startsWith("ok")).length, total: ran.length };
}
