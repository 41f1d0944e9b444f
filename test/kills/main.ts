// `make kills`: node main.ts [--kills 1000] [--seed 1] [--each 25] [--lanes 2]. Runs of `each` kills, a seed each, until there were so many.
import { parseArgs } from "node:util";
import { removeFolders } from "../audit/fixtures.ts";
import { cleanUp } from "../collector/fixtures.ts";
import { killRun } from "./kill-run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    each: { type: "string", default: "25" },
    lanes: { type: "string", default: "2" },
  },
});
const [wanted, each, lanes] = [Number(values.kills), Number(values.each), Number(values.lanes)];
const say = (line: string) => void process.stdout.write(`${line}\n`);
const startedMs = Date.now();
let [kills, records, seed, faulty] = [0, 0, Number(values.seed), 0];

async function lane(): Promise<void> {
  while (kills < wanted && faulty === 0) {
    const own = seed++;
    const run = await killRun(own, each);
    kills += run.kills;
    records += run.records;
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    const verdict = run.faults.length === 0 ? "whole" : run.faults.join("; ");
    say(`${seconds} s: ${kills} of ${wanted} kills, ${records} records; seed ${own}: ${run.records}, ${verdict}`);
    if (run.faults.length > 0) faulty++;
  }
}

await Promise.all(Array.from({ length: lanes }, lane));
if (faulty === 0) {
  await cleanUp();
  removeFolders();
}
say(faulty === 0 ? `${kills} kills, ${records} records: none lost, none twice, the chains intact` : "not whole");
process.exitCode = faulty === 0 ? 0 : 1;
