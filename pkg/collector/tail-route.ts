// `GET /v1/tail`: the live view as server-sent events. Ids are places in the log, so that `Last-Event-ID` resumes where a reader was.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from "fastify";
import type { KeptLedger } from "./kept-ledger.ts";
import type { LedgerIndex } from "./ledger-index.ts";
import { readFilter } from "./tail-filter.ts";
import { parsePlace, placeText, type TailEvent, type TailPlace, type TailSink, tail } from "./tail-stream.ts";

export interface TailRouteOptions {
  readonly ledger: KeptLedger;
  readonly readers: TailReaders;
}

export class TailReaders {
  private readonly open = new Set<AbortController>();

  get count(): number {
    return this.open.size;
  }

  add(): AbortController {
    const controller = new AbortController();
    this.open.add(controller);
    controller.signal.addEventListener("abort", () => this.open.delete(controller));
    return controller;
  }

  closeAll(): void {
    for (const controller of [...this.open]) controller.abort();
  }
}

const READERS_MAX = 64;
/** A reader that takes nothing for so long is let go; it comes back with the id of what it saw last. */
const DRAIN_MS = 30_000;
/** Then a reader comes back with the id of what it saw last, and proves again who it is. */
const STREAM_MS_MAX = 10 * 60_000;

export function tailRoute(app: FastifyInstance, options: TailRouteOptions, guard: RouteShorthandOptions): void {
  app.get("/v1/tail", guard, async (request, reply) => await serve(request, reply, options));
}

async function serve(request: FastifyRequest, reply: FastifyReply, { ledger, readers }: TailRouteOptions) {
  const read = readFilter(request.query as Readonly<Record<string, unknown>>);
  if (!read.ok) return reply.code(400).send({ error: read.error });
  const index = ledger.current()?.index;
  if (index === undefined)
    return reply.code(503).header("retry-after", 2).send({ error: "the ledger is being opened" });
  const from = startOf(request, index);
  if (typeof from === "string") return reply.code(400).send({ error: from });
  if (readers.count >= READERS_MAX) return reply.code(503).send({ error: `${READERS_MAX} readers are here already` });
  const ended = readers.add();
  reply.hijack();
  const { raw } = reply;
  raw.once("close", () => ended.abort());
  const timer = setTimeout(() => ended.abort(), STREAM_MS_MAX).unref();
  ended.signal.addEventListener("abort", () => clearTimeout(timer));
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
  try {
    await write(raw, ": here\n\n", ended.signal);
    await tail({ ledger, filter: read.filter, from, scope: request.reader!.scope }, sinkOf(raw, ended.signal));
  } catch {
    // Gone, too slow, or the ledger was opened anew: the reader comes back with its place.
  } finally {
    ended.abort();
    raw.destroy();
  }
  return reply;
}

/** From the reader's last event, from a time, or from now on. */
function startOf(request: FastifyRequest, index: LedgerIndex): TailPlace | string {
  const { since } = request.query as Readonly<Record<string, unknown>>;
  const last = request.headers["last-event-id"];
  if (typeof last === "string" && last !== "")
    return parsePlace(last) ?? "Last-Event-ID: is not the id of an event of this view";
  if (since === undefined) return { entry: index.size, number: -1 };
  if (!/^\d{1,15}$/.test(String(since))) return "since: must be milliseconds since 1970";
  return { entry: index.entrySince(Number(since)), number: -1 };
}

function sinkOf(raw: ServerResponse, ended: AbortSignal): TailSink {
  return {
    ended,
    send: async (events) => await write(raw, events.map(eventText).join(""), ended),
    idle: async () => await write(raw, ": idle\n\n", ended),
  };
}

function eventText(event: TailEvent): string {
  const data = event.event === "record" ? event.told : { why: event.why };
  return `id: ${placeText(event.place)}\nevent: ${event.event}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function write(raw: ServerResponse, text: string, ended: AbortSignal): Promise<void> {
  if (text === "" || raw.write(text)) return;
  await once(raw, "drain", { signal: AbortSignal.any([ended, AbortSignal.timeout(DRAIN_MS)]) });
}
