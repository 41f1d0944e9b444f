// What is wrong with a collector's ledger, given all that sidecars of one spool were told was written.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { recordHash } from "../../pkg/audit/chain.ts";
import { openSegment } from "../../pkg/ledger/segment.ts";
import { verifyLedger } from "../../pkg/ledger/verify-ledger.ts";
import { chainsOf, type TestCollector } from "../collector/fixtures.ts";
import { logKeyOf, verifyBytes } from "../collector/verify-bytes.ts";

/** `told`: lines `number hash` of acknowledged records, `left n` and `broken why`. */
export async function faultsOf(collector: TestCollector, data: string, told: string) {
  const faults: string[] = [];
  const demand = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  demand(told.includes("left 0\n"), "the last sidecar could not ship everything");
  demand(!told.includes("broken"), "a chain was broken off");
  const records = heldIn(data);
  const hashes = records.map(recordHash);
  const acknowledged = [...told.matchAll(/^(\d+) ([0-9a-f]{64})$/gm)].map(([, number, hash]) => [Number(number), hash]);
  const lost = acknowledged.filter(([number, hash]) => hashes[Number(number)] !== hash);
  demand(acknowledged.length > 0, "nothing was written");
  demand(
    lost.length === 0,
    `${lost.length} acknowledged batches are not in the ledger, the first ends at ${lost[0]?.[0]}`,
  );
  faults.push(...numberFaults(records));
  const logKey = logKeyOf(collector);
  const report = await verifyLedger(data, { logKey });
  demand(report.verdict === "intact", `the ledger is ${report.verdict}: ${JSON.stringify(report.findings[0])}`);
  demand(report.records === records.length, `the log accounts for ${report.records} of ${records.length} records`);
  const chains = await chainsOf(collector);
  for (const { chain, gaps, forks } of chains) demand(gaps + forks === 0, `${chain}: ${gaps} gaps, ${forks} forks`);
  demand(chains.length === 1, `there are ${chains.length} chains`);
  const evidence = verifyBytes(
    (await collector.ask("POST", "/v1/evidence", { body: { chains: [chains[0].chain] } })).bytes,
    logKey,
  );
  demand(evidence.verdict === "intact" && evidence.records === records.length, `evidence is ${evidence.verdict}`);
  const errors = collector.lines.filter((line) => line.startsWith("error"));
  demand(errors.length === 0, `the collector complains: ${errors[0]}`);
  return { records: records.length, faults };
}

/** All records of all segment files, in the order of the files' names; of one that is none, none. */
function heldIn(data: string): readonly Uint8Array[] {
  const folder = join(data, "segments");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".segment"));
  return files.sort().flatMap((name) => openSegment(readFileSync(join(folder, name)))?.records ?? []);
}

/** Numbers from 0 without a hole or a double; one decision per statement, and one outcome for each. */
function numberFaults(records: readonly Uint8Array[]): readonly string[] {
  const parsed = records.map((bytes) => JSON.parse(Buffer.from(bytes).toString()));
  const wrong = parsed.findIndex(({ metadata }, at) => metadata.sequence !== at);
  const keysOf = (kind: string) =>
    parsed
      .flatMap(({ unmapped: { weir } }) => (weir.kind === kind ? [`${weir.session}/${weir.statement}`] : []))
      .sort();
  const [decisions, outcomes] = [keysOf("decision"), keysOf("outcome")];
  return [
    ...(wrong === -1 ? [] : [`record ${wrong} has the number ${parsed[wrong].metadata.sequence}`]),
    ...(new Set(decisions).size === decisions.length ? [] : ["a decision is there twice"]),
    ...(decisions.join() === outcomes.join() ? [] : [`${decisions.length} decisions have ${outcomes.length} outcomes`]),
  ];
}
