// `make suites`: PostgreSQL's own regression and isolation tests, on the server itself and through Weir with an empty and with a harmless
// policy; prints where results differ. Each run has a new server, so that none sees what another left.
import { parseArgs } from "node:util";
import { type Comparison, compare } from "./compare.ts";
import { driverSuites } from "./driver-suites.ts";
import { known } from "./known.ts";
import { prepare } from "./prepare.ts";
import { runSuite } from "./run-suite.ts";
import { SUITES, WAYS } from "./suites.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, ways: { type: "string" }, diffs: { type: "boolean", default: false } },
});
const suites = chosen("suite", SUITES, values.only);
const ways = chosen("way", WAYS.slice(1), values.ways);
const say = (line: string) => void process.stdout.write(`${line}\n`);

function chosen<T extends string>(what: string, all: readonly T[], given: string | undefined): readonly T[] {
  const wanted = given?.split(",") ?? all;
  const unknown = wanted.filter((name) => !all.includes(name as T));
  if (unknown.length === 0) return all.filter((name) => wanted.includes(name));
  process.stderr.write(`suites: no ${what} ${unknown.join(", ")}; there are ${all.join(", ")}\n`);
  return process.exit(64);
}

const prepared = await prepare(
  say,
  suites.some((suite) => !(suite in driverSuites)),
);
if (prepared.missing.length > 0) {
  say("THE SUITES CANNOT RUN HERE. What is missing:");
  for (const each of prepared.missing) say(`  - ${each}`);
  process.exit(1);
}

let strange = 0;
for (const suite of suites) {
  const direct = await runSuite(prepared.tools, suite, "direct");
  say(`${suite}, direct: ${direct.passed} of ${direct.total} as PostgreSQL expects, in ${direct.seconds} s`);
  for (const way of ways) {
    const through = await runSuite(prepared.tools, suite, way);
    const times = (through.seconds / direct.seconds).toFixed(1);
    say(
      `${suite}, ${way} policy: ${through.passed} of ${through.total}, in ${through.seconds} s (${times} times direct)`,
    );
    strange += report(compare(direct.folder, through.folder));
  }
}
say(
  strange === 0
    ? "No difference that is not explained."
    : `${strange} files differ in a way that nobody has explained.`,
);
process.exit(strange === 0 ? 0 : 1);

/** How many of them are not explained. */
function report(found: readonly Comparison[]): number {
  if (found.length === 0) say("  the same results as direct");
  for (const { file, lines } of found) {
    say(`  differs: ${file}, ${lines.length} lines${known[file] === undefined ? "" : ` (${known[file]})`}`);
    if (values.diffs || known[file] === undefined)
      for (const line of lines.slice(0, 30)) say(`    ${line.slice(0, 200)}`);
  }
  return found.filter(({ file }) => known[file] === undefined).length;
}
