// `make fuzz`: node main.ts [--minutes 60] [--seed 1] [--lanes 6] [--from 0]. Prints what the sidecar holds each time the run pauses.
import { parseArgs } from "node:util";
import { fuzzRun } from "./fuzz-run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    lanes: { type: "string", default: "6" },
    from: { type: "string", default: "0" },
  },
});
const minutes = Number(values.minutes);
const say = (line: string) => void process.stdout.write(`${line}\n`);
const { faults, samples, ...counts } = await fuzzRun({
  seed: Number(values.seed),
  ms: minutes * 60_000,
  lanes: Number(values.lanes),
  rests: Math.max(1, Math.min(30, Math.round(minutes * 2))),
  drivers: "all",
  from: Number(values.from),
  say,
});
say(JSON.stringify(counts));
for (const fault of faults) say(`FAULT: ${fault}`);
const seed = `seed ${values.seed}, plays from ${values.from}`;
say(faults.length === 0 ? `nothing crashed, stalled, answered wrongly or grew; ${seed}` : `found; ${seed}`);
process.exitCode = faults.length === 0 ? 0 : 1;
