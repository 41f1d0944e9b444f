// `weir evidence`: a file that proves the records in it, from a collector.
import { readFileSync, statSync } from "node:fs";
import { collectorHelp, collectorOptions } from "./collector-client.ts";
import { type Command, exits, readArguments, UsageError } from "./command.ts";
import { isPackCall, pack, packHelp } from "./evidence-pack/pack.ts";
import { fetchEvidence } from "./fetch-evidence.ts";

const texts = ["cluster", "namespace", "environment"] as const;

export const evidence: Command = {
  summary: "fetch records with their proofs as one file, for `weir verify`",
  help: `usage: weir evidence --out FILE [--collector URL] [--token-file FILE] [selection]

Writes an evidence file, which anybody can check offline with \`weir verify FILE\`.

${collectorHelp}
  --out FILE           where to; there only when it is whole

selection, everything when none is given:
  --chain CHAIN        once or several times
  --cluster, --namespace, --environment NAME
  --from TIME, --to TIME   such as 2026-11-28 or 2026-11-28T23:00:00Z
  --checkpoint FILE    once or several times: a checkpoint kept from earlier; the evidence then shows that the log goes on
                       from it, which \`weir verify --checkpoint FILE\` checks

${packHelp}

exit codes: 0 written, 1 the evidence is not intact, so that no pack is made of it, 64 wrong arguments, 69 the collector cannot be
reached or refuses`,
  async run(args, terminal) {
    if (isPackCall(args)) return await pack(args, terminal);
    const { values } = readArguments(args, {
      ...collectorOptions,
      out: { type: "string" },
      chain: { type: "string", multiple: true },
      cluster: { type: "string" },
      namespace: { type: "string" },
      environment: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      checkpoint: { type: "string", multiple: true },
    });
    const { out } = values;
    if (out === undefined) throw new UsageError("name the file with --out FILE");
    const selection: Record<string, unknown> = {};
    if (values.chain !== undefined) selection.chains = values.chain;
    for (const name of texts) if (values[name] !== undefined) selection[name] = values[name];
    for (const name of ["from", "to"] as const)
      if (values[name] !== undefined) selection[name] = timeOf(name, values[name]);
    if (values.checkpoint !== undefined) selection.checkpoints = values.checkpoint.map(checkpointIn);
    const why = await fetchEvidence(values, selection, out);
    if (why !== null) return refused(why);
    terminal.print(`${out}: ${statSync(out).size} bytes; check it with weir verify ${out}`);
    return exits.good;
  },
};

function checkpointIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--checkpoint: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

function timeOf(option: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || !/^\d{4}-/.test(text))
    throw new UsageError(`--${option}: "${text}" is no time; write it as 2026-11-28 or 2026-11-28T23:00:00Z`);
  return time;
}

function refused(why: string): number {
  process.stderr.write(`weir: evidence: ${why}\n`);
  return exits.unavailable;
}
