// `make majors`: the conformance tests on PostgreSQL 14 to 17, whose packages npm brings into a folder of ours: node main.ts [--only 14,16]
// [--tests test/conformance/conformance.test.ts].
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageName } from "../../pkg/localdb/binaries.ts";

const VERSIONS: Readonly<Record<string, string>> = {
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
};
const root = resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(VERSIONS).join(",") },
    tests: { type: "string", default: "test/conformance" },
  },
});

const failed = values.only.split(",").filter((major) => !passes(major));
process.stdout.write(failed.length === 0 ? "all as on PostgreSQL 18\n" : `failed on PostgreSQL ${failed.join(", ")}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

function passes(major: string): boolean {
  const args = [join(root, "node_modules/jest/bin/jest.js"), "--maxWorkers=2", ...values.tests.split(",")];
  const env = {
    ...process.env,
    NODE_OPTIONS: "--experimental-vm-modules --disable-warning=ExperimentalWarning",
    WEIR_TEST_POSTGRES: packageOf(major),
  };
  process.stdout.write(`PostgreSQL ${VERSIONS[major]}\n`);
  return spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" }).status === 0;
}

/** Where the package of `major` lies; installed when it is not there. */
function packageOf(major: string): string {
  const version = VERSIONS[major];
  if (version === undefined) throw new Error(`no PostgreSQL ${major}; there are ${Object.keys(VERSIONS).join(", ")}`);
  const folder = join(root, ".weir/majors", major);
  const found = join(folder, "node_modules", packageName());
  if (existsSync(join(found, "package.json"))) return found;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}\n');
  const how = ["--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"];
  execFileSync("npm", ["install", ...how, `${packageName()}@${version}`], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return found;
}
