// A collector for kill.test.ts that kills itself at the call that it is told: `node kill-child.ts SITE CALL COUNT MOMENT`. Its port goes to
// standard output.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startCollector } from "../../cmd/collector/collector.ts";
import { openSources } from "../../cmd/collector/open-sources.ts";
import { type CollectorFiles, systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { certificateFromFiles } from "../../pkg/serving/certificate-files.ts";

const [folder, call, countText, moment] = process.argv.slice(2);
let left = Number(countText);

function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;); // the signal is on its way
}

/** Around the call that is to be the last: `before` it, `after` it, or in the `middle` of what it does. */
async function fatal<T>(name: string, act: () => Promise<T>, half: () => Promise<unknown>): Promise<T> {
  if (name !== call || --left !== 0) return await act();
  if (moment === "middle") await half();
  if (moment === "after") await act();
  return die();
}

const real = systemCollectorFiles;
const nothing = async () => undefined;
const files: CollectorFiles = {
  ...real,
  replaceAll: (all) =>
    fatal(
      "replaceAll",
      () => real.replaceAll(all),
      () => real.replaceAll(all.slice(0, Math.ceil(all.length / 2))),
    ),
  move: (from, to) => fatal("move", () => real.move(from, to), nothing),
  remove: (path) => fatal("remove", () => real.remove(path), nothing),
  async openAppend(file) {
    const opened = await real.openAppend(file);
    return {
      ...opened,
      write: (bytes) =>
        fatal(
          "write",
          () => opened.write(bytes),
          () => opened.write(bytes.subarray(0, bytes.length >> 1)),
        ),
      datasync: () => fatal("datasync", () => opened.datasync(), nothing),
    };
  },
};

const logger = { log() {} };
const config = JSON.parse(readFileSync(join(folder!, "site.json"), "utf8"));
const certificate = certificateFromFiles(config.tls.certificate, config.tls.key, logger);
const sources = openSources(config);
if (!certificate.ok || !sources.ok) throw new Error("the site is not whole");
const outside = { clock: systemClock, random: systemRandom, logger, files };
const { port } = await startCollector(config, {
  ...outside,
  version: "0.1.0",
  certificate: certificate.source,
  opened: sources.opened,
});
process.stdout.write(`${port}\n`);
