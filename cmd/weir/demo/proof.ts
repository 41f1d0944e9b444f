// The end of the demo: the collector hands out evidence, which is verified offline, and once more in a copy of which one bit was changed.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { EXIT_CODES } from "../../../pkg/audit/exit-codes.ts";
import type { Command } from "../command.ts";
import { evidence } from "../evidence.ts";
import type { Terminal } from "../terminal.ts";
import { verify } from "../verify.ts";
import { type Collector, place } from "./collector-process.ts";

interface Ran {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** Everything that is not as claimed. `records`: how many the sidecar had written before. */
export async function prove(
  folder: string,
  collector: Collector,
  records: number,
  terminal: Terminal,
): Promise<readonly string[]> {
  terminal.print(`\n${terminal.bold("── The proof, for whoever has never seen this service")}\n`);
  const run = (command: Command, name: string, args: readonly string[], linesShown: number) =>
    show({ command, name, args, linesShown, folder }, terminal);
  const file = join(folder, "shop.weir-evidence");
  const { url, ca, tokenFile, logKeyFile } = collector;
  const access = ["--collector", url, "--ca", ca, "--token-file", tokenFile];
  const made = await run(evidence, "evidence", [...access, "--namespace", place.namespace, "--out", file], 0);
  if (made.exitCode !== 0) return [`the collector gave no evidence: ${made.lines.join(" ")}`];
  const key = ["--log-key", logKeyFile];
  const whole = await run(verify, "verify", [file, ...key], 1);
  const copy = join(folder, "tampered.weir-evidence");
  writeFileSync(copy, tampered(readFileSync(file)), { mode: 0o600 });
  terminal.print(`\n  One bit of a copy is changed: in one record "robo" is "robn" now.`);
  const changed = await run(verify, "verify", [copy, ...key], 3);
  const held = Number(/: (\d+) records/.exec(whole.lines[0] ?? "")?.[1]);
  const differences = [
    ...(whole.exitCode === EXIT_CODES.intact ? [] : [`the evidence does not verify: ${whole.lines[0]}`]),
    ...(held >= records ? [] : [`the evidence holds ${held} records, the sidecar had written ${records}`]),
    ...(changed.exitCode === EXIT_CODES.altered ? [] : ["the changed copy was not found out"]),
  ];
  const claim = "nothing is missing or changed, without trusting the collector; the changed bit was found out";
  terminal.print(differences.length === 0 ? `  ${terminal.green("✓")} ${claim}` : "");
  for (const difference of differences) terminal.print(`  ${terminal.red(`✗ ${difference}`)}`);
  return differences;
}

/** @throws when there is no such record, so that nothing would be proven */
function tampered(whole: Buffer): Buffer {
  const [name, copy] = [Buffer.from('"name":"robo"'), Buffer.from(whole)];
  const at = copy.lastIndexOf(name);
  if (at === -1) throw new Error("the evidence holds no record of robo");
  copy[at + name.length - 2]! ^= 1;
  return copy;
}

interface Shown {
  readonly command: Command;
  readonly name: string;
  readonly args: readonly string[];
  /** Of what it printed. */
  readonly linesShown: number;
  readonly folder: string;
}

/** Runs it in this process, and shows it as if it had been typed in the folder. */
async function show({ command, name, args, linesShown, folder }: Shown, terminal: Terminal): Promise<Ran> {
  const lines: string[] = [];
  const exitCode = await command.run(args, { ...terminal, print: (text = "") => void lines.push(...text.split("\n")) });
  const typed = args.map((arg) => (arg.startsWith("/") ? basename(arg) : arg)).join(" ");
  terminal.print(`  ${terminal.cyan("$")} ${terminal.bold(`weir ${name} ${typed}`)}`);
  for (const line of lines.slice(0, linesShown)) terminal.print(`    ${line.replaceAll(`${folder}/`, "").trim()}`);
  const text = `exit code ${exitCode}`;
  terminal.print(`    ${exitCode === 0 ? terminal.green(text) : terminal.red(text)}`);
  return { exitCode, lines };
}
