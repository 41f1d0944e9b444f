// The collector's process: read the configuration, build, start, stop on a signal.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CollectorError } from "../../pkg/collector/collector-error.ts";
import { LedgerError } from "../../pkg/ledger/ledger-error.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { jsonLogger } from "../../pkg/runtime/logger.ts";
import { firstSignal, refuseConfiguration } from "../../pkg/runtime/process.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { certificateFromFiles } from "../../pkg/serving/certificate-files.ts";
import { startCollector } from "./collector.ts";
import { type CollectorConfig, readConfig } from "./config.ts";
import { openSources } from "./open-sources.ts";

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
const refuse = (problems: readonly string[]) => refuseConfiguration("weir-collector", problems);
const outcome = readConfig(process.argv.slice(2), process.env, version);
if (outcome.do === "print") process.stdout.write(outcome.text);
else if (outcome.do === "refuse") refuse(outcome.problems);
else await run(outcome.config);

async function run(config: CollectorConfig): Promise<void> {
  const logger = jsonLogger(
    (line) => void process.stderr.write(line),
    config.logLevel,
    () => Date.now(),
  );
  const stopped = firstSignal();
  try {
    const certificate = certificateFromFiles(config.tls.certificate, config.tls.key, logger);
    const sources = openSources(config);
    if (!certificate.ok || !sources.ok)
      return refuse([certificate, sources].flatMap((part) => (part.ok ? [] : part.problems)));
    const outside = { clock: systemClock, random: systemRandom, logger, version };
    const parts = { ...outside, certificate: certificate.source, opened: sources.opened };
    const collector = await startCollector(config, parts);
    await collector.stop(await stopped);
    process.exit(0);
  } catch (error) {
    const { message, stack, syscall } = error as NodeJS.ErrnoException;
    const isOutside = syscall !== undefined || error instanceof CollectorError || error instanceof LedgerError;
    process.stderr.write(`weir-collector: ${isOutside ? message : stack}\n`);
    process.exit(isOutside ? 69 : 70);
  }
}
