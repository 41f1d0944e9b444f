// One suite in one way: a new server, a sidecar in front of it or none, and PostgreSQL's own driver.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startSystemPostgres } from "../../pkg/localdb/start-postgres.ts";
import { startSidecar } from "../support/sidecar-process.ts";
import type { DriverSuite } from "./driver-suite.ts";
import { type DriverName, driverSuites, runDriver } from "./driver-suites.ts";
import type { Tools } from "./prepare.ts";
import { runPipeline } from "./run-pipeline.ts";
import { HARMLESS, type Suite, type Way } from "./suites.ts";

export interface SuiteResult {
  /** Holds results/ and what the driver printed. */
  readonly folder: string;
  readonly passed: number;
  readonly total: number;
  readonly seconds: number;
}

const settings = { max_prepared_transactions: 20, max_connections: 60, max_wal_size: "2GB" };
/** Longer than any suite takes; a run that hangs is a finding, not a reason to wait. */
const RUN_MS_MAX = 20 * 60_000;

export async function runSuite(tools: Tools, suite: Suite, way: Way): Promise<SuiteResult> {
  const folder = join(tools.folder, `${suite}-${way}`);
  makeFolder(folder);
  const driver: DriverSuite | null = isDriver(suite) ? driverSuites[suite] : null;
  driver?.prepare(tools);
  const extraSettings = { ...settings, ...driver?.settings };
  const server = await startSystemPostgres(tools.binaries, { auth: "trust", extraSettings });
  try {
    const policies = way === "harmless" ? { "harmless.yaml": HARMLESS } : {};
    const sidecar = way === "direct" ? null : await startSidecar(server.port, { policies });
    try {
      return await drive(tools, suite, folder, { direct: server.port, through: sidecar?.port ?? server.port });
    } finally {
      await sidecar?.stop();
    }
  } finally {
    await server.stop("immediate");
  }
}

/** The server writes into it, too, as another user. */
function makeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const each of [folder, join(folder, "results"), join(folder, "testtablespace")]) {
    mkdirSync(each, { recursive: true });
    chmodSync(each, 0o777);
  }
}

const isDriver = (suite: Suite): suite is DriverName & Suite => suite in driverSuites;

interface Ports {
  readonly direct: number;
  readonly through: number;
}

async function drive(tools: Tools, suite: Suite, folder: string, ports: Ports): Promise<SuiteResult> {
  const startedMs = Date.now();
  const { passed, total } = await testsOf(tools, suite, folder, ports);
  return { folder, passed, total, seconds: Math.round((Date.now() - startedMs) / 1000) };
}

async function testsOf(tools: Tools, suite: Suite, folder: string, ports: Ports) {
  if (suite === "pipeline") return runPipeline(tools, folder, ports.through);
  if (isDriver(suite)) return runDriver(suite, tools, folder, ports);
  return driveTests(tools, suite, folder, ports.through);
}

async function driveTests(
  tools: Tools,
  suite: "regression" | "isolation",
  folder: string,
  port: number,
): Promise<{ passed: number; total: number }> {
  const [program, more] =
    suite === "regression"
      ? [tools.regress, ["--schedule=parallel_schedule", `--dlpath=${tools.libraries}`, "--max-connections=4"]]
      : [tools.isolation, ["--schedule=isolation_schedule"]];
  const input = join(tools.source, suite === "regression" ? "regress" : "isolation");
  const args = [
    ...["--host=127.0.0.1", `--port=${port}`, "--user=postgres", `--dbname=${suite}`, `--bindir=${tools.binaries}`],
    ...["--inputdir=.", `--outputdir=${folder}`, ...more],
  ];
  const printed = await run(program, args, input);
  const tests = printed.split("\n").filter((line) => /\.\.\. (ok|FAILED)|^(not )?ok /.test(line));
  if (tests.length === 0) throw new Error(`${suite}: the driver ran nothing:\n${printed.slice(-2000)}`);
  const passed = tests.filter((line) => /\.\.\. ok|^ok /.test(line)).length;
  return { passed, total: tests.length };
}

function run(program: string, args: readonly string[], folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: "C" };
    const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], timeout: RUN_MS_MAX });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        printed += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", () => resolve(printed));
  });
}
