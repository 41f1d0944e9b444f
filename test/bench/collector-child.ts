// A collector for collector.ts, in a process of its own: `node collector-child.ts SITE`. Tells its port, and at each message what it has
// used since the one before.
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { startCollector } from "../../cmd/collector/collector.ts";
import { openSources } from "../../cmd/collector/open-sources.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { certificateFromFiles } from "../../pkg/serving/certificate-files.ts";

export interface Used {
  readonly cpuUs: number;
  readonly fsyncs: number;
  readonly residentBytes: number;
}

const [folder] = process.argv.slice(2);
let fsyncs = 0;
await countSyncs();
const config = JSON.parse(readFileSync(join(folder!, "site.json"), "utf8"));
const certificate = certificateFromFiles(config.tls.certificate, config.tls.key, silentLogger);
const sources = openSources(config);
if (!certificate.ok || !sources.ok) throw new Error("the site is not whole");
const outside = { clock: systemClock, random: systemRandom, logger: silentLogger };
const parts = { version: "0.1.0", ...outside, certificate: certificate.source, opened: sources.opened };
const { port, stop } = await startCollector(config, parts);
let cpu = process.cpuUsage();
process.on("message", () => {
  const { user, system } = process.cpuUsage(cpu);
  const used: Used = { cpuUs: user + system, fsyncs, residentBytes: process.memoryUsage.rss() };
  cpu = process.cpuUsage();
  fsyncs = 0;
  process.send!(used);
});
process.once("SIGTERM", () => void stop("done").then(() => process.exit(0)));
process.send!({ port });

/** Whatever part of the collector asks the system for it. */
async function countSyncs(): Promise<void> {
  const handle = await open(import.meta.filename, "r");
  const shared = Object.getPrototypeOf(handle) as Record<"sync" | "datasync", () => Promise<void>>;
  for (const name of ["sync", "datasync"] as const) {
    const real = shared[name];
    shared[name] = function (this: unknown) {
      fsyncs++;
      return real.call(this);
    };
  }
  await handle.close();
}
