// libpq's own test of pipeline mode, each of its parts with the trace of the protocol where PostgreSQL compares one.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Tools } from "./prepare.ts";

/** Rows that its test asks for; a test that hangs is a finding. */
const ROWS = "700";
const TEST_MS_MAX = 120_000;
const PRINTED_MAX = 2 ** 28;
const ENDED_WELL = "ended with 0";

/** Writes results/NAME.out: how it ended, what it said if badly (else it prints how often it had to wait), its trace. */
export function runPipeline(tools: Tools, folder: string, port: number): { passed: number; total: number } {
  const traces = join(tools.source, "modules/libpq_pipeline/traces");
  const tests = execFileSync(tools.pipeline, ["tests"], { encoding: "utf8" }).trim().split(/\s+/);
  mkdirSync(join(folder, "traces"), { recursive: true });
  const passed = tests.filter((name) => {
    const trace = join(folder, "traces", `${name}.trace`);
    const expected = existsSync(join(traces, `${name}.trace`)) ? join(traces, `${name}.trace`) : null;
    const { ended, printed } = run(tools.pipeline, [
      ...["-r", ROWS, ...(expected === null ? [] : ["-t", trace])],
      ...[name, `host=127.0.0.1 port=${port} user=postgres dbname=postgres`],
    ]);
    const traced = expected === null || !existsSync(trace) ? "" : readFileSync(trace, "latin1");
    writeFileSync(
      join(folder, "results", `${name}.out`),
      `${ended}\n${ended === ENDED_WELL ? "" : printed}\n${traced}`,
      "latin1",
    );
    return ended === ENDED_WELL && (expected === null || traced === readFileSync(expected, "latin1"));
  });
  return { passed: passed.length, total: tests.length };
}

function run(program: string, args: readonly string[]): { ended: string; printed: string } {
  try {
    const printed = execFileSync(program, args, {
      encoding: "latin1",
      stdio: "pipe",
      timeout: TEST_MS_MAX,
      maxBuffer: PRINTED_MAX,
    });
    return { ended: ENDED_WELL, printed };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: string; stderr: string };
    return { ended: `ended with ${status ?? "a signal"}`, printed: `${stdout}${stderr}` };
  }
}
