// The records that the demo's session has left: shown, verified, and searched for what must not be in them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseLine } from "../../../pkg/audit/line.ts";
import { HEAD_FILE, segmentName, segmentOrdinals } from "../../../pkg/audit/segment-file.ts";
import { verifySpool } from "../../../pkg/audit/verify.ts";
import { type Terminal, table } from "../terminal.ts";
import type { Scene } from "./script.ts";
import { shopData } from "./shop-data.ts";

/** The parts of a record (OCSF) that are shown. */
interface Shown {
  readonly status?: string;
  readonly metadata: { readonly sequence?: number };
  readonly actor?: { readonly user?: { readonly name?: string } };
  readonly query_info?: { readonly query_string?: string | null };
  readonly unmapped: {
    readonly weir: {
      readonly kind: string;
      readonly session?: string;
      readonly statement?: number;
      readonly rows?: number | null;
      readonly masked_cells?: number;
      readonly step?: string;
      readonly verdict?: string;
      readonly masks?: readonly unknown[];
      readonly rules?: readonly { readonly policy: string; readonly rule: string }[];
    };
  };
}

/** Everything that is not as claimed; empty when the records are whole, tell of every refusal and hold no secret. */
export async function showRecords(
  spool: string,
  scenes: readonly Scene[],
  terminal: Terminal,
): Promise<readonly string[]> {
  await untilHead(spool);
  const source = segmentOrdinals(readdirSync(spool))
    .map((ordinal) => readFileSync(join(spool, segmentName(ordinal)), "utf8"))
    .join("");
  const records = source
    .split("\n")
    .filter((line) => line !== "")
    .map(recordOf);
  const decisions = records.filter(
    ({ unmapped }) => unmapped.weir.kind === "decision" && people.has(unmapped.weir.step ?? ""),
  );
  const outcomes = new Map(
    records.filter(({ unmapped }) => unmapped.weir.kind === "outcome").map((record) => [keyOf(record), record]),
  );
  print(decisions, outcomes, terminal);
  const report = await verifySpool(spool);
  const differences = [
    ...(report.verdict === "intact" ? [] : [`the records are ${report.verdict}`]),
    ...report.notes,
    ...untold(decisions, outcomes, scenes),
    ...secretsIn(source),
  ];
  const claim = `${report.records} records, chained and intact; each refusal names its rule; no customer's data is in them`;
  terminal.print(differences.length === 0 ? `  ${terminal.green("✓")} ${claim}` : "");
  for (const difference of differences) terminal.print(`  ${terminal.red(`✗ ${difference}`)}`);
  return differences;
}

/** The sidecar notes about once a second how far its chain has come; only with that would a cut-off end show. */
async function untilHead(spool: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5000 && !existsSync(join(spool, HEAD_FILE)); waitedMs += 50) await delay(50);
}

/** Steps that people ask for; the others are Weir's own questions. */
const people = new Set(["query", "parse", "execute", "copy", "function"]);

function recordOf(line: string): Shown {
  const parsed = parseLine(Buffer.from(line));
  if (parsed === null) throw new Error("a line of the spool is not a record");
  return JSON.parse(parsed.record.toString("utf8"));
}

const rowsShown = 12;

/** A decision and its outcome share it. */
const keyOf = ({ unmapped }: Shown) => `${unmapped.weir.session}/${unmapped.weir.statement}`;

function print(decisions: readonly Shown[], outcomes: ReadonlyMap<string, Shown>, terminal: Terminal): void {
  terminal.print(`\n${terminal.bold("── What an auditor sees")}\n`);
  const rows = decisions
    .slice(-rowsShown)
    .map((decision) => [
      String(decision.metadata.sequence ?? ""),
      decision.actor?.user?.name ?? "",
      verdictOf(decision.unmapped.weir),
      rulesShown(decision.unmapped.weir.rules ?? []),
      outcomeOf(outcomes.get(keyOf(decision))),
      short(decision.query_info?.query_string ?? "(keyed digest only)"),
    ]);
  const paint = (text: string, column: number) =>
    (column === 2 || column === 4) && text.startsWith("refuse") ? terminal.red(text) : text;
  for (const line of table(
    ["no.", "who", "decision", "rule", "outcome", "statement, without its literals"],
    rows,
    paint,
  ))
    terminal.print(`    ${line}`);
}

/** The first one decided. */
function rulesShown(rules: readonly { readonly rule: string }[]): string {
  const names = [...new Set(rules.map(({ rule }) => rule))];
  return names.length > 1 ? `${names[0]} +${names.length - 1}` : (names[0] ?? "");
}

function outcomeOf(outcome: Shown | undefined): string {
  const { rows = null, masked_cells: masked = 0 } = outcome?.unmapped.weir ?? {};
  if (outcome?.status === "refused" && rows !== null) return `refused after ${many(rows, "row")}`;
  if (outcome?.status !== "completed") return outcome?.status ?? "open";
  return `${many(rows ?? 0, "row")}${masked > 0 ? `, ${many(masked, "cell")} masked` : ""}`;
}

const many = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function verdictOf({ verdict = "", masks = [] }: Shown["unmapped"]["weir"]): string {
  return verdict === "allow" && masks.length > 0 ? "mask" : verdict;
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 56 ? `${line.slice(0, 55)}…` : line;
}

/** Every refusal is told by the decision, or where rows had to be counted first, by the outcome. */
function untold(
  decisions: readonly Shown[],
  outcomes: ReadonlyMap<string, Shown>,
  scenes: readonly Scene[],
): readonly string[] {
  const isRefused = (decision: Shown) =>
    decision.unmapped.weir.verdict === "refuse" || outcomes.get(keyOf(decision))?.status === "refused";
  const told = decisions
    .filter(isRefused)
    .flatMap(({ unmapped }) => (unmapped.weir.rules ?? []).map(({ rule }) => rule));
  const expected = scenes.flatMap(({ steps }) =>
    steps.flatMap(({ expect }) => (expect.outcome === "refused" ? [expect.rule] : [])),
  );
  return expected.filter((rule) => !told.includes(rule)).map((rule) => `no record tells of the refusal by ${rule}`);
}

/** Nothing that a customer would mind, and no literal of a statement, may be in the records. */
function secretsIn(source: string): readonly string[] {
  const secrets = shopData.customers!.flatMap(
    ({ email, phone, card, ssn, profile }) =>
      [email, phone, card, ssn, (profile as { kyc: { passport_no: string } }).kyc.passport_no] as string[],
  );
  const found = [...secrets, "900-1%"].filter((secret) => source.includes(secret));
  return found.length === 0 ? [] : [`${found.length} protected values are in the records`];
}
