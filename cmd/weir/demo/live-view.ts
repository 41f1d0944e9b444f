// What the collector's tail tells, from the moment it is opened: the demo is an auditor who watches.
import { setTimeout as delay } from "node:timers/promises";
import type { Told } from "../../../pkg/collector/told.ts";
import { collectorClient, errorOf } from "../collector-client.ts";
import { eventsIn } from "../tail/event-stream.ts";
import { TailLines } from "../tail/tail-lines.ts";
import type { Terminal } from "../terminal.ts";
import type { CollectorAccess } from "./collector-process.ts";

export interface LiveView {
  /** Everything seen so far, in order. */
  readonly seen: readonly Told[];
  /** false: not all numbers up to this one were there in time. */
  sawUpTo(number: number): Promise<boolean>;
  /** From now on each statement is a line of `weir tail`. */
  printOn(terminal: Terminal): void;
  stop(): Promise<void>;
}

const SEEN_WITHIN_MS = 60_000;
const OVERDUE_MS = 250;

export async function openLiveView({ url, ca, tokenFile }: CollectorAccess): Promise<LiveView> {
  const seen: Told[] = [];
  const ended = new AbortController();
  let lines: TailLines | null = null;
  let timer: NodeJS.Timeout | undefined;
  const client = collectorClient({ collector: url, ca, "token-file": tokenFile });
  const answer = await client.ask({ path: "/v1/tail", signal: ended.signal });
  if (answer.statusCode !== 200)
    throw new Error(`the collector's tail answers ${answer.statusCode}: ${await errorOf(answer)}`);
  const follow = async () => {
    for await (const { event, data } of eventsIn(answer)) {
      if (event !== "record") continue;
      const told = JSON.parse(data) as Told;
      if (lines === null) seen.push(told);
      else lines.take(told, Date.now());
    }
  };
  const following = follow().catch(() => {}); // an end that comes early shows as records that were not seen
  return {
    seen,
    async sawUpTo(number) {
      for (let waitedMs = 0; waitedMs < SEEN_WITHIN_MS; waitedMs += 25) {
        if ((seen.at(-1)?.number ?? -1) >= number) return true;
        await delay(25);
      }
      return false;
    },
    printOn(terminal) {
      const printed = new TailLines(terminal);
      printed.head();
      timer = setInterval(() => printed.overdue(Date.now()), OVERDUE_MS);
      lines = printed;
    },
    async stop() {
      clearInterval(timer);
      ended.abort();
      await following;
    },
  };
}
