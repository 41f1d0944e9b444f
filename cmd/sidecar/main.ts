// The sidecar's process: read the configuration, build, start, stop on a signal.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { AuditUnavailable } from "../../pkg/audit/audit-unavailable.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { jsonLogger } from "../../pkg/runtime/logger.ts";
import { firstSignal, refuseConfiguration } from "../../pkg/runtime/process.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { checkSidecar } from "./check.ts";
import { folderProblems } from "./compile-policies.ts";
import { readConfig } from "./config.ts";
import type { World } from "./parts.ts";
import { Refused } from "./refused.ts";
import type { Values } from "./settings.ts";
import { startSidecar } from "./sidecar.ts";
import { startFailure } from "./start-failure.ts";
import { waitUntilReady } from "./wait.ts";

// V8's optimising compiler takes half a gigabyte for the grammar's one huge function, and its code parses no faster here; without
// it the process stays below what a pod may have. Before anything loads a grammar.
for (const flag of ["--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]) setFlagsFromString(flag);

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
const refuse = (problems: readonly string[]) => refuseConfiguration("weir-sidecar", problems);
const outcome = readConfig(process.argv.slice(2), {
  env: process.env,
  readFile: (path) => readFileSync(path),
  version,
});
if (outcome.do === "print") process.stdout.write(outcome.text);
else if (outcome.do === "refuse")
  refuse([...outcome.problems, ...(outcome.policies === null ? [] : folderProblems(outcome.policies))]);
else if (outcome.do === "wait") await wait(outcome.port, outcome.timeoutMs);
else if (outcome.do === "check") check(outcome.config);
else await run(outcome.config);

async function wait(port: number, timeoutMs: number): Promise<void> {
  const notReady = await waitUntilReady(port, timeoutMs);
  if (notReady === null) return;
  process.stderr.write(`weir-sidecar: not ready after ${timeoutMs / 1000} s: ${notReady}\n`);
  process.exitCode = 69;
}

function check(config: Values): void {
  try {
    const { policyVersion, notes } = checkSidecar(config, worldOf(config));
    for (const note of notes) process.stderr.write(`  ${note}\n`);
    process.stdout.write(`the configuration is good; policies ${policyVersion ?? "come with the first bundle"}\n`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse(error.problems);
  }
}

function worldOf(config: Values): World {
  const write = (line: string) => void process.stderr.write(line);
  const logger = jsonLogger(write, config["log.level"], () => Date.now());
  return { clock: systemClock, random: systemRandom, logger, version };
}

async function run(config: Values): Promise<void> {
  try {
    const stopped = firstSignal();
    const sidecar = await startSidecar(config, worldOf(config));
    await sidecar.stop(await stopped);
    process.exit(0);
  } catch (error) {
    if (error instanceof Refused) return refuse(error.problems);
    const { stack, syscall } = error as NodeJS.ErrnoException;
    const outside = error instanceof AuditUnavailable || syscall !== undefined;
    const ports = { admin: config["admin.listen"].port, relays: config.relays.map(({ port }) => port) };
    process.stderr.write(`weir-sidecar: ${outside ? startFailure(error as Error, ports) : stack}\n`);
    process.exit(outside ? 69 : 70);
  }
}
