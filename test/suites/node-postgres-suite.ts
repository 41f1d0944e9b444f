// Tests of node-postgres as far as npm has them: pg 4.5.7 was the last package with its own, and pg-pool and pg-cursor bring theirs, which
// run on the `pg` of this repository. A file of pg's is one program and one result.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { type DriverSuite, outputOf } from "./driver-suite.ts";
import type { Tools } from "./prepare.ts";

const { version: PG } = createRequire(import.meta.url)("pg/package.json") as { version: string };
const OLD = "4.5.7";
const POOL = "3.6.2";
const CURSOR = "2.7.4";
const TOOLS = ["mocha@7.2.0", "expect.js@0.3.1", "co@4.6.0", "lodash@4.17.21", "bluebird@3.4.1", "async@0.9.0"];
/** It takes a socket that has not begun to connect for one that has: Node's word for that changed with version 14. */
const SHIM = `const net = require("net");
net.Stream = class Stream extends net.Socket {
  get readyState() { return this._handle === null && !this.connecting ? "closed" : super.readyState; }
};
`;
const FILE_MS_MAX = 60_000;
const folderOf = (tools: Tools) => join(tools.folder, "node-postgres");

export const nodePostgres: DriverSuite = {
  prepare(tools) {
    const folder = folderOf(tools);
    if (existsSync(join(folder, "pg-cursor/node_modules"))) return;
    const [old, pool, cursor] = ["pg", "pg-pool", "pg-cursor"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    unpack(old, `pg@${OLD}`, ["async@0.9.0", "pg-copy-streams@0.3.0"]);
    writeFileSync(join(old, "shim.js"), SHIM);
    unpack(pool, `pg-pool@${POOL}`, [`pg@${PG}`, "pg-cursor@1.3.0", ...TOOLS]);
    unpack(cursor, `pg-cursor@${CURSOR}`, [`pg@${PG}`, ...TOOLS]);
  },
  setUp: () => ["-c", "SELECT 1"],
  run(tools, port, database) {
    const folder = folderOf(tools);
    const env = {
      ...process.env,
      PGHOST: "127.0.0.1",
      PGPORT: String(port),
      PGUSER: "postgres",
      PGPASSWORD: "x",
      PGDATABASE: database,
    };
    const url = `postgres://postgres:x@127.0.0.1:${port}/${database}`;
    const old = join(folder, "pg");
    outputOf(process.execPath, ["--require", "./shim.js", "script/create-test-tables.js", url], {
      cwd: old,
      msMax: FILE_MS_MAX,
      env,
    });
    const ofPg = globSync(join(old, "test/integration/**/*-tests.js"))
      .sort()
      .map(
        (path) =>
          `${passes(old, ["--require", "./shim.js", path, url], env) ? "ok" : "failed"} pg ${relative(old, path)}`,
      );
    return [...ofPg, ...mocha(folder, "pg-pool", env), ...mocha(folder, "pg-cursor", env)];
  },
};

function unpack(folder: string, what: string, needs: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const npm = (...args: readonly string[]) =>
    execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const packed = npm("pack", "--silent", what).trim();
  execFileSync("tar", ["xzf", packed, "--strip-components=1"], { cwd: folder });
  // Their own tools for tests are many; those that these tests need are named.
  npm("pkg", "delete", "devDependencies");
  npm(
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-save",

    "--legacy-peer-deps",
    ...needs,
  );
}

function passes(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const script = 'timeout 60 "$@" >/dev/null 2>&1 && echo passed';
  return outputOf("sh", ["-c", script, "sh", process.execPath, ...args], {
    cwd,
    msMax: FILE_MS_MAX + 5_000,
    env,
  }).includes("passed");
}

function mocha(folder: string, name: string, env: NodeJS.ProcessEnv): readonly string[] {
  const cwd = join(folder, name);
  // pg-pool's set-up ends the run at any warning, and newer versions of Node and pg have some.
  const files = globSync("test/*.js", { cwd }).filter((path) => !path.endsWith("setup.js"));
  const args = ["node_modules/mocha/bin/mocha", "--reporter", "tap", "--timeout", "20000", "--exit", ...files.sort()];
  const printed = outputOf(process.execPath, args, { cwd, msMax: 5 * FILE_MS_MAX, env });
  writeFileSync(join(cwd, "printed.log"), printed);
  return [...printed.matchAll(/^(ok|not ok) \d+ (.*?)( # SKIP.*)?$/gm)].map(([, how, title, skip]) => {
    if (skip !== undefined) return `skipped ${name} ${title}`;
    return `${how === "ok" ? "ok" : "failed"} ${name} ${title}`;
  });
}
