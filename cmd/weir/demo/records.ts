// The records that the demo's session has left: shown as the collector's tail told them, verified where the sidecar wrote them, and
// searched for what must not be in them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { HEAD_FILE, segmentName, segmentOrdinals } from "../../../pkg/audit/segment-file.ts";
import { verifySpool } from "../../../pkg/audit/verify.ts";
import { type Told, whoOf } from "../../../pkg/collector/told.ts";
import { type Terminal, table } from "../terminal.ts";
import type { LiveView } from "./live-view.ts";
import type { Step } from "./script.ts";
import { shopData } from "./shop-data.ts";

export interface ShownRecords {
  /** How many the sidecar had written when it was looked. */
  readonly records: number;
  /** Everything that is not as claimed; empty when they are whole, tell of every refusal and hold no secret. */
  readonly differences: readonly string[];
}

export async function showRecords(
  spool: string,
  view: LiveView,
  steps: readonly Step[],
  terminal: Terminal,
): Promise<ShownRecords> {
  await untilHead(spool);
  const source = segmentOrdinals(readdirSync(spool))
    .map((ordinal) => readFileSync(join(spool, segmentName(ordinal)), "utf8"))
    .join("");
  const records = source.split("\n").length - 1;
  const arrived = await view.sawUpTo(records - 1);
  const seen = [...view.seen];
  const decisions = seen.filter(({ kind, step }) => kind === "decision" && people.has(step ?? ""));
  const outcomes = new Map(seen.filter(({ kind }) => kind === "outcome").map((told) => [keyOf(told), told]));
  print(decisions, outcomes, terminal);
  const report = await verifySpool(spool);
  const differences = [
    ...(arrived ? [] : [`the collector's tail told ${seen.length} of ${records} records`]),
    ...(report.verdict === "intact" ? [] : [`the records are ${report.verdict}`]),
    ...report.notes,
    ...untold(decisions, outcomes, steps),
    ...secretsIn(source),
  ];
  const claim = `${records} records, chained and intact; each refusal names its rule; no customer's data and no token is in them`;
  terminal.print(differences.length === 0 ? `  ${terminal.green("✓")} ${claim}` : "");
  for (const difference of differences) terminal.print(`  ${terminal.red(`✗ ${difference}`)}`);
  return { records, differences };
}

/** The sidecar notes about once a second how far its chain has come; only with that would a cut-off end show. */
async function untilHead(spool: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5000 && !existsSync(join(spool, HEAD_FILE)); waitedMs += 50) await delay(50);
}

/** Steps that people ask for; the others are Weir's own questions. */
const people = new Set(["query", "parse", "execute", "copy", "function"]);

const rowsShown = 16;

/** A decision and its outcome share it. */
const keyOf = ({ session, statement }: Told) => `${session}/${statement}`;

function print(decisions: readonly Told[], outcomes: ReadonlyMap<string, Told>, terminal: Terminal): void {
  const title = terminal.bold("── What an auditor saw meanwhile, at the collector ");
  terminal.print(`\n${title}${terminal.dim("(weir tail)")}\n`);
  const rows = decisions
    .slice(-rowsShown)
    .map((decision) => [
      new Date(decision.timeMs).toISOString().slice(11, 23),
      whoOf(decision),
      decision.verdict ?? "",
      rulesShown(decision.rules),
      outcomeOf(outcomes.get(keyOf(decision))),
      short(decision.text ?? "(keyed digest only)"),
    ]);
  const paint = (text: string, column: number) =>
    (column === 2 || column === 4) && text.startsWith("refuse") ? terminal.red(text) : text;
  for (const line of table(
    ["time", "who", "decision", "rule", "outcome", "statement, without its literals"],
    rows,
    paint,
  ))
    terminal.print(`    ${line}`);
}

const nameOf = (rule: string) => rule.slice(rule.lastIndexOf("/") + 1);

/** The first one decided. */
function rulesShown(rules: readonly string[]): string {
  const names = [...new Set(rules.map(nameOf))];
  return names.length > 1 ? `${names[0]} +${names.length - 1}` : (names[0] ?? "");
}

function outcomeOf(outcome: Told | undefined): string {
  const { rows = null, maskedCells = null } = outcome ?? {};
  if (outcome?.status === "refused" && rows !== null) return `refused after ${many(rows, "row")}`;
  if (outcome?.status !== "completed") return outcome?.status ?? "open";
  return `${many(rows ?? 0, "row")}${maskedCells ? `, ${many(maskedCells, "cell")} masked` : ""}`;
}

const many = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function short(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 56 ? `${line.slice(0, 55)}…` : line;
}

/** Who asked is told as it was claimed, and every refusal is told by the decision, or where rows had to be counted first, by the outcome. */
function untold(
  decisions: readonly Told[],
  outcomes: ReadonlyMap<string, Told>,
  steps: readonly Step[],
): readonly string[] {
  const isRefused = (decision: Told) =>
    decision.verdict === "refuse" || outcomes.get(keyOf(decision))?.status === "refused";
  const told = decisions.filter(isRefused).flatMap(({ rules }) => rules.map(nameOf));
  const expected = steps.flatMap(({ expect }) => (expect.outcome === "refused" ? [expect.rule] : []));
  const unknown = steps.flatMap(({ recordedAs, expect }) =>
    recordedAs === undefined ||
    decisions.some((each) => whoOf(each) === recordedAs && isRefused(each) === (expect.outcome === "refused"))
      ? []
      : [`no record tells of ${recordedAs}, ${expect.outcome}`],
  );
  return [
    ...expected.filter((rule) => !told.includes(rule)).map((rule) => `no record tells of the refusal by ${rule}`),
    ...unknown,
  ];
}

/** How every signed token begins. */
const TOKEN = "eyJ";

/** Nothing that a customer would mind, and no literal of a statement, may be in the records. */
function secretsIn(source: string): readonly string[] {
  const secrets = shopData.customers!.flatMap(
    ({ email, phone, card, ssn, profile }) =>
      [email, phone, card, ssn, (profile as { kyc: { passport_no: string } }).kyc.passport_no] as string[],
  );
  const found = [...secrets, "900-1%", TOKEN].filter((secret) => source.includes(secret));
  return found.length === 0 ? [] : [`${found.length} protected values are in the records`];
}
