// Plays the script through the sidecar as its people, beside a direct connection, and prints what happens.
import pg from "pg";
import { type Terminal, table } from "../terminal.ts";
import { type Answer, type DatabaseError, difference, type Rows } from "./judge.ts";
import type { Count, Expectation, Scene, Step } from "./script.ts";
import { databaseName, type Login, passwordOf } from "./shop-database.ts";

export interface Stage {
  readonly host: string;
  /** Ports of the sidecar and of PostgreSQL itself. */
  readonly governedPort: number;
  readonly directPort: number;
}

/** Everything that differed from what the script claims; empty when all of it held. */
export async function play(scenes: readonly Scene[], stage: Stage, terminal: Terminal): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const scene of scenes) {
    terminal.print(`\n${terminal.bold(`── ${scene.who} `)}${terminal.dim(`(logs in as ${scene.login})`)}`);
    const governed = await connect(stage, stage.governedPort, scene.login);
    const direct = await connect(stage, stage.directPort, scene.login);
    try {
      for (const step of scene.steps) {
        const found = await playStep(step, governed, direct, terminal);
        if (found !== null) differences.push(`${scene.login}: ${step.say} ${found}`);
      }
    } finally {
      await Promise.all([governed.end(), direct.end()]);
    }
  }
  return differences;
}

async function connect(stage: Stage, port: number, login: Login): Promise<pg.Client> {
  const client = new pg.Client({
    host: stage.host,
    port,
    user: login,
    password: passwordOf(login),
    database: databaseName,
    application_name: `weir demo, ${login}`,
  });
  client.on("error", () => {}); // a broken connection shows at the next statement
  await client.connect();
  return client;
}

export async function playStep(
  step: Step,
  governed: pg.Client,
  direct: pg.Client,
  terminal: Terminal,
): Promise<string | null> {
  terminal.print(`\n  ${step.say}`);
  for (const line of (step.shown ?? step.sql).split("\n"))
    terminal.print(`  ${terminal.cyan("›")} ${terminal.bold(line)}`);
  const seen = await ask(governed, step.sql);
  show(step.expect, seen, terminal);
  const beside = step.expect.outcome === "refused" ? null : await ask(direct, step.sql);
  const found = difference(step.expect, seen, beside) ?? (await changed(step.expect, direct));
  terminal.print(
    found === null ? `  ${terminal.green("✓")} ${claim(step.expect)}` : `  ${terminal.red("✗")} ${terminal.red(found)}`,
  );
  return found;
}

/** Cells stay as PostgreSQL writes them: the demo compares what travels, not what a driver makes of it. */
async function ask(client: pg.Client, text: string): Promise<Answer> {
  try {
    const result = await client.query({
      text,
      rowMode: "array",
      types: { getTypeParser: () => (value: string) => value },
    } as pg.QueryArrayConfig);
    return { kind: "rows", result: { columns: result.fields.map((field) => field.name), rows: result.rows } };
  } catch (cause) {
    const { code, message, detail, hint } = cause as pg.DatabaseError;
    return { kind: "error", error: { sqlstate: code ?? "", message, detail: detail ?? "", hint: hint ?? "" } };
  }
}

async function changed(expected: Expectation, direct: pg.Client): Promise<string | null> {
  if (expected.outcome !== "refused" || expected.unchanged === undefined) return null;
  const { sql, rows }: Count = expected.unchanged;
  const answer = await ask(direct, sql);
  if (answer.kind === "error") return `${sql}: ${answer.error.message}`;
  const counted = Number(answer.result.rows[0]?.[0]);
  return counted === rows ? null : `${sql} is ${counted} now, not ${rows}`;
}

function claim(expected: Expectation): string {
  switch (expected.outcome) {
    case "clear":
      return "the same as on a direct connection, byte for byte";
    case "masked":
      return `the same rows, ${expected.columns.join(", ")} masked`;
    case "refused":
      if (expected.ends) return `refused with ${expected.sqlstate}; the session is over`;
      return `refused with ${expected.sqlstate}${expected.unchanged ? "; nothing was lost, and the session goes on" : "; the session goes on"}`;
  }
}

function show(expected: Expectation, seen: Answer, terminal: Terminal): void {
  if (seen.kind === "error") showError(seen.error, terminal);
  else showRows(seen.result, expected.outcome === "masked" ? expected.columns : [], terminal);
}

function showError(error: DatabaseError, terminal: Terminal): void {
  terminal.print(`    ${terminal.red(`ERROR ${error.sqlstate}`)}  ${error.message}`);
  if (error.detail) terminal.print(`    ${terminal.dim("DETAIL")}       ${error.detail}`);
  if (error.hint) terminal.print(`    ${terminal.dim("HINT")}         ${error.hint}`);
}

const rowsMost = 6;

function showRows(result: Rows, masked: readonly string[], terminal: Terminal): void {
  const rows = result.rows.slice(0, rowsMost).map((row) => row.map((cell) => cell ?? "NULL"));
  const paint = (text: string, column: number) =>
    masked.includes(result.columns[column]!) ? terminal.yellow(text) : text;
  for (const line of table(result.columns, rows, paint)) terminal.print(`    ${line}`);
  if (result.rows.length > rowsMost) terminal.print(terminal.dim(`    … ${result.rows.length - rowsMost} more`));
}
