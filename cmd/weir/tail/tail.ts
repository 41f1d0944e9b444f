// `weir tail`: what goes through the sidecars, as it happens.
import { setTimeout as delay } from "node:timers/promises";
import { FILTERS } from "../../../pkg/collector/tail-filter.ts";
import type { Told } from "../../../pkg/collector/told.ts";
import {
  answerProblem,
  type CollectorArguments,
  type CollectorClient,
  collectorClient,
  collectorHelp,
  collectorOptions,
  networkProblem,
} from "../collector-client.ts";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { eventsIn } from "./event-stream.ts";
import { TailLines } from "./tail-lines.ts";

const filterOptions = Object.fromEntries(FILTERS.map((name) => [name, { type: "string", multiple: true } as const]));

export const tail: Command = {
  summary: "follow what goes through the sidecars, as it happens",
  help: `usage: weir tail [--collector URL] [--token-file FILE] [filters] [--since TIME] [--json]

Prints a line per statement: who, what was decided by which rule, how it ended. After a break it goes on where it was.
Ctrl-C ends it.

${collectorHelp}
  --since TIME         begin so long ago: 90s, 15m, 2h, 1d; not given: now
  --json               each record as a line of JSON

filters, each once or several times, * for any run of characters:
  ${FILTERS.map((name) => `--${name}`).join(" ")}
  (verdicts: allow, mask, refuse, hold, observe; kinds: decision, outcome, session, policy, chain)

exit codes: 0 ended by Ctrl-C, 64 wrong arguments, 69 the collector cannot be reached or refuses`,
  async run(args, terminal) {
    const { values } = readArguments(args, {
      ...collectorOptions,
      ...filterOptions,
      since: { type: "string" },
      json: { type: "boolean", default: false },
    });
    const given = values as Readonly<Record<string, unknown>>;
    const client = collectorClient(values);
    const query = new URLSearchParams();
    for (const name of FILTERS)
      for (const value of (given[name] as string[] | undefined) ?? []) query.append(name, value);
    if (values.since !== undefined) query.set("since", String(Date.now() - durationMs(values.since)));
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
    try {
      return await follow(client, query, { terminal, json: values.json, stop: stop.signal, to: values });
    } finally {
      process.removeListener("SIGINT", onSignal).removeListener("SIGTERM", onSignal);
    }
  },
};

interface Following {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly stop: AbortSignal;
  readonly to: CollectorArguments;
}

const AGAIN_MS = 1000;
const OVERDUE_MS = 250;

async function follow(client: CollectorClient, query: URLSearchParams, { terminal, json, stop, to }: Following) {
  const lines = new TailLines(terminal);
  let last: string | null = null;
  let isConnected = false;
  const overdue = setInterval(() => lines.overdue(Date.now()), OVERDUE_MS);
  try {
    while (!stop.aborted) {
      try {
        const headers = last === null ? {} : { "last-event-id": last };
        const answer = await client.ask({ path: `/v1/tail?${query}`, headers, signal: stop });
        if (answer.statusCode !== 200) {
          const why = await answerProblem(answer, to);
          if ((answer.statusCode ?? 500) < 500) return refused(why);
          throw new Error(why);
        }
        if (!isConnected && !json) lines.head();
        isConnected = true;
        for await (const event of eventsIn(answer)) {
          last = event.id ?? last;
          if (json)
            terminal.print(event.event === "gap" ? JSON.stringify({ gap: JSON.parse(event.data).why }) : event.data);
          else if (event.event === "gap") lines.gap(JSON.parse(event.data).why);
          else lines.take(JSON.parse(event.data) as Told, Date.now());
        }
      } catch (cause) {
        if (stop.aborted || cause instanceof UsageError) throw cause;
        if (!isConnected) return refused(networkProblem(to.collector, cause));
      }
      // From the beginning again only as long as nothing was seen.
      if (last !== null) query.delete("since");
      await delay(AGAIN_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  } catch (cause) {
    if (!stop.aborted) throw cause;
  } finally {
    clearInterval(overdue);
    lines.end();
  }
  return exits.good;
}

function refused(why: string): number {
  process.stderr.write(`weir: tail: ${why}\n`);
  return exits.unavailable;
}

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function durationMs(text: string): number {
  const match = /^(\d{1,7})([smhd]?)$/.exec(text);
  if (match === null) throw new UsageError(`--since: "${text}" is no time; write it as 90s, 15m, 2h or 1d`);
  return Number(match[1]) * unitsMs[(match[2] || "s") as keyof typeof unitsMs];
}
