// The operator's process: read the configuration, build, start, stop on a signal.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { jsonLogger } from "../../pkg/runtime/logger.ts";
import { firstSignal, refuseConfiguration } from "../../pkg/runtime/process.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { buildOperator } from "./build-operator.ts";
import { type OperatorConfig, readConfig } from "./config.ts";
import { startOperator } from "./operator.ts";

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
const refuse = (problems: readonly string[]) => refuseConfiguration("weir-operator", problems);
const outcome = readConfig(process.argv.slice(2), process.env, version);
if (outcome.do === "print") process.stdout.write(outcome.text);
else if (outcome.do === "refuse") refuse(outcome.problems);
else await run(outcome.config);

async function run(config: OperatorConfig): Promise<void> {
  const logger = jsonLogger(
    (line) => void process.stderr.write(line),
    config.logLevel,
    () => Date.now(),
  );
  const stopped = firstSignal();
  try {
    const built = await buildOperator(config, { clock: systemClock, random: systemRandom, logger, version });
    if (!built.ok) return refuse(built.problems);
    const operator = await startOperator(config, built.parts);
    await operator.stop(await stopped);
    process.exit(0);
  } catch (error) {
    const { message, stack, syscall } = error as NodeJS.ErrnoException;
    process.stderr.write(`weir-operator: ${syscall !== undefined ? message : stack}\n`);
    process.exit(syscall !== undefined ? 69 : 70);
  }
}
