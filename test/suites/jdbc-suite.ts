// pgjdbc's tests, which its source distribution brings (Maven, classifier jdbc-src). Maven's reports tell the result of each.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type DriverSuite, outputOf } from "./driver-suite.ts";
import type { Tools } from "./prepare.ts";

const VERSION = "42.7.4";
const ARTIFACT = `org.postgresql:postgresql:${VERSION}:tar.gz:jdbc-src`;
const RUN_MS_MAX = 30 * 60_000;
const folderOf = (tools: Tools) => join(tools.folder, "jdbc");

const properties = (port: number, database: string) => `server=127.0.0.1
port=${port}
database=${database}
username=test
password=test
privilegedUser=postgres
privilegedPassword=postgres
`;

export const jdbc: DriverSuite = {
  settings: { wal_level: "logical" },
  prepare(tools) {
    const folder = folderOf(tools);
    if (existsSync(join(folder, "target/test-classes/org"))) return;
    mkdirSync(folder, { recursive: true });
    const maven = (args: readonly string[]) =>
      execFileSync("mvn", ["-q", "-B", ...args], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    maven(["dependency:get", `-Dartifact=${ARTIFACT}`, "-Dtransitive=false"]);
    const name = `org/postgresql/postgresql/${VERSION}/postgresql-${VERSION}-jdbc-src.tar.gz`;
    execFileSync("tar", ["xzf", join(homedir(), ".m2/repository", name), "--strip-components=1"], { cwd: folder });
    maven(["test-compile"]);
  },
  setUp: () => [
    "-c",
    "CREATE ROLE test LOGIN PASSWORD 'test'; CREATE EXTENSION hstore; ALTER DATABASE jdbc OWNER TO test; GRANT ALL ON SCHEMA public TO test",
  ],
  run(tools, port, database) {
    const folder = folderOf(tools);
    const reports = join(folder, "target/surefire-reports");
    rmSync(reports, { recursive: true, force: true });
    writeFileSync(join(folder, "build.local.properties"), properties(port, database));
    const args = [
      "-B",
      "-q",
      "surefire:test",
      "-Dmaven.test.failure.ignore=true",
      "-Dsurefire.failIfNoSpecifiedTests=false",
    ];
    const printed = outputOf("mvn", args, { cwd: folder, msMax: RUN_MS_MAX });
    writeFileSync(join(folder, "printed.log"), printed);
    return globSync(join(reports, "TEST-*.xml")).flatMap((path) => results(readFileSync(path, "utf8")));
  },
};

/** One line a test case of a report; names of parameterised tests hold their parameters. */
function results(xml: string): readonly string[] {
  return [...xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, name, where, inside = ""]) => `${resultIn(inside)} ${where!.replace("org.postgresql.", "")} ${name}`,
  );
}

function resultIn(inside: string): "ok" | "failed" | "skipped" {
  if (/<(failure|error)\b/.test(inside)) return "failed";
  return inside.includes("<skipped") ? "skipped" : "ok";
}
