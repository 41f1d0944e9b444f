// `weir query`: questions to a collector about who did what, in a line.
import { createWriteStream, readFileSync, renameSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { NAMED, namedQuestion, PARAMETERS, type ParameterName } from "../../../pkg/collector/named-questions.ts";
import { hint } from "../../../pkg/runtime/closest.ts";
import { answerFields, checkQuestion, type Question } from "../../../pkg/store/question.ts";
import {
  answerProblem,
  type CollectorClient,
  collectorClient,
  collectorHelp,
  collectorOptions,
  networkProblem,
} from "../collector-client.ts";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { writeParquet } from "./parquet.ts";
import { printRows } from "./print-rows.ts";
import { timeIn } from "./when.ts";

const FORMATS = ["table", "json", "csv", "ndjson", "parquet"] as const;
type Format = (typeof FORMATS)[number];

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const parameterNames = Object.keys(PARAMETERS) as ParameterName[];
const parameterOptions = Object.fromEntries(parameterNames.map((name) => [kebab(name), { type: "string" as const }]));
/** What a question is mostly asked about may stand behind its name. */
const first: Readonly<Record<string, ParameterName>> = {
  reads: "column",
  changes: "table",
  classes: "class",
  refusals: "rule",
  statements: "principal",
  delegated: "principal",
  connections: "principal",
};

export const query: Command = {
  summary: "ask a collector who read, changed or connected",
  help: `usage: weir query QUESTION [WHAT] [--from TIME] [--to TIME] [--format FORMAT] [options]
       weir query ask FILE.json | view NAME | views | save NAME FILE.json [--shared] | list

questions:
${Object.entries(NAMED)
  .map(([name, { asks }]) => `  ${name.padEnd(12)} ${asks}`)
  .join("\n")}

examples:
  weir query reads customers.email --from 2026-10-01 --to 2026-11-01
  weir query changes 'public.*' --since 7d --format csv --out changes.csv
  weir query delegated --acting-for '*ana@example.com'
  weir query ask question.json          a question in full; docs/query.md

narrowing, \`*\` for any run of characters; which of them a question takes, \`weir query list\` tells:
${parameterNames.map((name) => `  --${kebab(name).padEnd(14)} ${PARAMETERS[name]}`).join("\n")}
  --since TIME         the same as --from
  TIME is 2026-10-01 (its beginning in UTC), 2026-10-01T08:00:00+02:00, or how long ago: 30m, 12h, 7d, 2w

  --format FORMAT      table (default), json, csv, ndjson, parquet; the last three hold all rows
  --out FILE           where to, instead of standard output; parquet needs it
  --limit N            rows of a table or of json, 1000 when not given, at most 10000
  --wide               whole cells, and columns that hold nothing
${collectorHelp}

Times are shown in UTC. Every question is on record at the collector, with who asked.
exit codes: 0 answered, 64 wrong arguments, 69 the collector cannot be reached or refuses`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(
      args,
      {
        ...collectorOptions,
        ...parameterOptions,
        since: { type: "string" },
        format: { type: "string", default: "table" },
        out: { type: "string" },
        limit: { type: "string" },
        wide: { type: "boolean" },
        shared: { type: "boolean" },
      },
      3,
    );
    const given = values as Readonly<Record<string, string | boolean | undefined>>;
    const [what, ...rest] = positionals;
    if (what === undefined) throw new UsageError(`name a question: ${Object.keys(NAMED).join(", ")}`);
    const client = collectorClient(values as never);
    const asked = { client, terminal, given, values: values as never };
    try {
      if (what === "list") return list(terminal);
      if (what === "views") return await views(asked);
      if (what === "save") return await save(asked, rest);
      return await ask(asked, bodyOf(what, rest, given, Date.now()));
    } catch (cause) {
      if (cause instanceof UsageError) throw cause;
      const { code, path } = cause as NodeJS.ErrnoException;
      if (path !== undefined && code !== undefined && given.out !== undefined)
        return refused(`--out: ${path} cannot be written (${code}); name a file in a folder that you may write to`);
      return refused(networkProblem(String(given.collector), cause));
    }
  },
};

interface Asked {
  readonly client: CollectorClient;
  readonly terminal: Terminal;
  readonly given: Readonly<Record<string, string | boolean | undefined>>;
  readonly values: Parameters<typeof answerProblem>[1];
}

type Body = Readonly<Record<string, unknown>>;

function bodyOf(what: string, rest: readonly string[], given: Asked["given"], nowMs: number): Body {
  const limit = given.limit === undefined ? {} : { limit: wholeIn("limit", String(given.limit)) };
  if (what === "ask" || what === "view") {
    if (rest.length !== 1) throw new UsageError(what === "ask" ? "name the question's file" : "name the view");
    const narrowing = parameterNames.find((name) => given[kebab(name)] !== undefined);
    if (narrowing !== undefined)
      throw new UsageError(`--${kebab(narrowing)} does not go with ${what}; write it into the question`);
    return what === "view" ? { view: rest[0], ...limit } : { ...questionIn(rest[0]!), ...limit };
  }
  const named = Object.hasOwn(NAMED, what) ? NAMED[what]! : null;
  if (named === null)
    throw new UsageError(
      `there is no question "${what}"${hint(what, Object.keys(NAMED)) || `; there are ${Object.keys(NAMED).join(", ")}`}`,
    );
  if (rest.length > 1) throw new UsageError(`"${rest[1]}" is one argument too many`);
  const parameters: Record<string, unknown> = {};
  const about = first[what];
  if (rest.length === 1) {
    if (about === undefined) throw new UsageError(`${what} takes no argument; narrow it with options`);
    parameters[about] = rest[0];
  }
  if (given.since !== undefined && given.from !== undefined)
    throw new UsageError("--since and --from are the same; give one");
  for (const name of parameterNames) {
    const value = name === "from" ? (given.from ?? given.since) : given[kebab(name)];
    if (value === undefined) continue;
    if (!named.parameters.includes(name))
      throw new UsageError(
        `--${kebab(name)} does not narrow ${what}; it takes ${named.parameters.map((each) => `--${kebab(each)}`).join(", ")}`,
      );
    if (parameters[name] !== undefined) throw new UsageError(`${name} is given twice`);
    parameters[name] =
      name === "rows"
        ? wholeIn(name, String(value))
        : name === "from" || name === "to"
          ? timeOf(name, String(value), nowMs)
          : value;
  }
  return { ask: what, with: parameters, ...limit };
}

async function ask(asked: Asked, body: Body): Promise<number> {
  const { given, terminal } = asked;
  const format = formatOf(String(given.format));
  const out = given.out === undefined ? null : String(given.out);
  if (format === "parquet" && out === null) throw new UsageError("parquet is no text: name a file with --out FILE");
  if (format === "table" || format === "json") {
    if (out !== null) throw new UsageError("--out goes with csv, ndjson and parquet");
    const answer = await send(asked, body, "application/json");
    if (answer.statusCode !== 200) return refused(await answerProblem(answer, asked.values));
    const { fields, rows, more } = JSON.parse(await textOf(answer));
    if (format === "json") terminal.print(JSON.stringify({ fields, rows, more }, null, 2));
    else printRows(fields, rows, { terminal, wide: given.wide === true });
    note(
      rows.length === 0
        ? "no rows"
        : `${rows.length} rows${more ? "; THERE ARE MORE: raise --limit, narrow it, or take --format csv" : ""}`,
    );
    return exits.good;
  }
  const answer = await send(asked, body, format === "csv" ? "text/csv" : "application/x-ndjson");
  if (answer.statusCode !== 200) return refused(await answerProblem(answer, asked.values));
  if (format === "parquet") {
    const question = await fullQuestion(asked, body);
    if (typeof question === "string") return refused(question);
    note(`${out}: ${await writeParquet(answer, answerFields(question.from, question), out!)} rows`);
  } else if (out === null) await pipeline(answer, process.stdout, { end: false });
  else await intoFile(answer, out);
  return exits.good;
}

/** There only when it is whole. */
async function intoFile(answer: IncomingMessage, out: string): Promise<void> {
  const part = `${out}.part`;
  try {
    await pipeline(answer, createWriteStream(part, { mode: 0o600 }));
    renameSync(part, out);
  } finally {
    rmSync(part, { force: true });
  }
  note(out);
}

/** What `body` asks, in full: fields and their types follow from it. A text tells what went wrong. */
async function fullQuestion(asked: Asked, body: Body): Promise<Question | string> {
  let question: unknown = body;
  if (typeof body.ask === "string") {
    const named = namedQuestion(body.ask, body.with as Body);
    if (named.ok) question = named.question;
  } else if (typeof body.view === "string") {
    const answer = await asked.client.ask({ path: "/v1/views" });
    if (answer.statusCode !== 200) return await answerProblem(answer, asked.values);
    const all = JSON.parse(await textOf(answer)).views as readonly {
      readonly name: string;
      readonly question: unknown;
    }[];
    question = all.find(({ name }) => name === body.view)?.question;
  }
  const checked = checkQuestion(question);
  return checked.ok ? checked.question : checked.problems.join("; ");
}

async function views({ client, terminal, values }: Asked): Promise<number> {
  const answer = await client.ask({ path: "/v1/views" });
  if (answer.statusCode !== 200) return refused(await answerProblem(answer, values));
  const all = JSON.parse(await textOf(answer)).views as readonly Readonly<Record<string, unknown>>[];
  for (const { name, owner, shared } of all)
    terminal.print(`${String(name).padEnd(24)} ${owner}${shared ? ", shared" : ""}`);
  note(all.length === 0 ? "no views; save one with: weir query save NAME FILE.json" : `${all.length} views`);
  return exits.good;
}

async function save({ client, given, values }: Asked, [name, file, ...more]: readonly string[]): Promise<number> {
  if (name === undefined || file === undefined || more.length > 0)
    throw new UsageError("write: weir query save NAME FILE.json");
  const body = JSON.stringify({ question: questionIn(file), shared: given.shared === true });
  const headers = { "content-type": "application/json" };
  const answer = await client.ask({ method: "PUT", path: `/v1/views/${encodeURIComponent(name)}`, headers, body });
  if (answer.statusCode !== 200) return refused(await answerProblem(answer, values));
  note(`saved; ask it with: weir query view ${name}`);
  return exits.good;
}

function list(terminal: Terminal): number {
  for (const [name, { asks, parameters }] of Object.entries(NAMED)) {
    terminal.print(`${terminal.bold(name)}: ${asks}`);
    terminal.print(`  ${parameters.map((each) => `--${kebab(each)}`).join(" ")}`);
  }
  return exits.good;
}

function send({ client }: Asked, body: Body, accept: string): Promise<IncomingMessage> {
  const headers = { "content-type": "application/json", accept };
  return client.ask({ method: "POST", path: "/v1/query", headers, body: JSON.stringify(body) });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function formatOf(text: string): Format {
  if ((FORMATS as readonly string[]).includes(text)) return text as Format;
  throw new UsageError(`--format: there is no "${text}"; write one of ${FORMATS.join(", ")}`);
}

function questionIn(file: string): Body {
  try {
    const question = JSON.parse(readFileSync(file, "utf8"));
    if (typeof question === "object" && question !== null && !Array.isArray(question)) return question;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined) throw new UsageError(`${file}: cannot be read (${code})`, { cause });
  }
  throw new UsageError(`${file}: is no question; write a JSON object, such as {"from": "statements", "where": []}`);
}

function wholeIn(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--${option}: "${text}" is no whole number`);
}

function timeOf(option: string, text: string, nowMs: number): number {
  const time = timeIn(text, nowMs);
  if (time !== undefined) return time;
  throw new UsageError(
    `--${option}: "${text}" is no time; write 2026-10-01, 2026-10-01T08:00:00Z, or 7d for seven days ago`,
  );
}

/** To people, not into what is piped. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function refused(why: string): number {
  process.stderr.write(`weir: query: ${why}\n`);
  return exits.unavailable;
}
