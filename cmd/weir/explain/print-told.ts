// What `weir explain` found, for people.
import type { Decision, RuleRef } from "../../../pkg/policy/decision.ts";
import type { Facts, Understood } from "../../../pkg/sql/facts.ts";
import { type Terminal, table } from "../terminal.ts";
import { spelled, type Told, type ToldColumn } from "./told.ts";

export function printTold(told: readonly Told[], terminal: Terminal): void {
  if (told.length === 0) terminal.print("no statement");
  for (const [at, { text, facts, columns, decision }] of told.entries()) {
    if (at > 0) terminal.print();
    terminal.print(`${terminal.bold("statement")}  ${text.replace(/\s+/g, " ")}`);
    for (const [label, value] of factLines(facts)) terminal.print(`${label.padEnd(10)} ${value}`);
    if (columns !== null && columns.length > 0) {
      terminal.print();
      for (const line of table(
        ["", "column", "comes from", "class", "leaves"],
        columns.map((column, at) => row(column, at, decision.verdict === "refuse")),
      ))
        terminal.print(`  ${line}`);
      terminal.print();
    }
    for (const line of decisionLines(decision, columns, terminal)) terminal.print(line);
  }
}

function factLines(facts: Facts): (readonly [string, string])[] {
  if (!facts.understood)
    return [
      ["unknown", `not understood: ${facts.why}`],
      ["", "the server is asked whether it takes the text; its own error is the answer, and what it takes is refused:"],
    ];
  const lines: [string, string][] = [
    ["does", facts.effects.join(", ") || "nothing"],
    [
      "touches",
      facts.relations
        .map(({ schema, name, access }) => `${schema}.${name} (${access.join(", ") || "named"})`)
        .join("; "),
    ],
    [
      "changes",
      facts.writes
        .map(({ effect, relation, filter }) => `${effect} ${relation.schema}.${relation.name}, filter ${filter}`)
        .join("; "),
    ],
    ["calls", facts.functions.map(({ name, trust }) => `${name} (${trust})`).join("; ")],
    ["steered by", conditions(facts)],
    [
      "flows",
      facts.flows
        .filter(({ from }) => from.kind !== "clean")
        .map(({ to }) => (typeof to === "string" ? to : spelled(to)))
        .join("; "),
    ],
  ];
  return lines.filter(([, value]) => value !== "");
}

function conditions({ predicates }: Understood): string {
  return predicates
    .map(({ column, path, use, where }) => {
      const name =
        column.relation === 0
          ? "columns that are not known"
          : spelled(path === undefined ? column : { ...column, path });
      return `${name} (${where}${use === "equality" ? ", one equality" : ""})`;
    })
    .join("; ");
}

function row({ name, lineage, from, why, classes, mask }: ToldColumn, at: number, refused: boolean): string[] {
  const sources = from.join(", ");
  const origin = {
    clean: "nothing stored",
    copy: sources,
    derived: `made of ${sources}`,
    unknown: `not known: ${why}`,
  }[lineage];
  return [String(at + 1), name ?? "?", origin, classes.join(", "), refused ? "not at all" : (mask ?? "as it is")];
}

function decisionLines(decision: Decision, columns: readonly ToldColumn[] | null, terminal: Terminal): string[] {
  const rules = decision.matched.map(nameOf).join(", ");
  const lines: string[] = [];
  if (decision.verdict === "refuse") {
    const { sqlstate, message, detail, hint } = decision.refusal;
    lines.push(`${terminal.bold("decision")}   ${terminal.red("refuse")} ${sqlstate}  ${message}`);
    lines.push(`           ${detail}`, `           ${hint}`);
  } else {
    const masked = (columns ?? []).filter(({ mask }) => mask !== null).length;
    const what = masked > 0 ? `allow, ${masked} ${masked === 1 ? "column" : "columns"} masked` : "allow";
    lines.push(`${terminal.bold("decision")}   ${terminal.green(what)}`);
    if (decision.rowLimit !== null)
      lines.push(
        `           at most ${decision.rowLimit.rows} rows may leave (${nameOf(decision.rowLimit.refusal.rule)})`,
      );
    for (const limit of decision.writeLimits)
      lines.push(`           changed rows are counted (${nameOf(limit.refusal.rule)})`);
  }
  if (rules !== "") lines.push(`rules      ${rules}`);
  if (decision.observed.length > 0)
    lines.push(`observed   ${decision.observed.map(nameOf).join(", ")} (Observe: nothing is changed)`);
  for (const { message } of decision.warnings) lines.push(`warning    ${message}`);
  return lines;
}

const nameOf = ({ policy, rule }: RuleRef) => `${policy} ${rule}`;
