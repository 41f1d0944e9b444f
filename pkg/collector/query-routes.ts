// `/v1/query`, saved views and sessions: questions to the index, each as its reader may ask it, on record before the answer begins.
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type AnswerField, answerFields, checkQuestion, type Question } from "../store/question.ts";
import { type Cell, type Store, StoreError } from "../store/store.ts";
import { jsonBody } from "./json-body.ts";
import { NAMED, namedQuestion, PARAMETERS } from "./named-questions.ts";
import { openApi } from "./openapi.ts";
import type { Guarding } from "./reader-guard.ts";
import { csvHeader, csvLine, jsonLine } from "./row-texts.ts";
import type { SavedViews } from "./saved-views.ts";
import { scopedQuestion } from "./scope.ts";
import { RIGHTS } from "./source.ts";
import { toldQuestion } from "./told-question.ts";

export interface QueryRoutesOptions {
  readonly guarding: Guarding;
  /** null: there is no index. */
  readonly store: Pick<Store, "ask" | "stream" | "indexedUpTo"> | null;
  readonly views: SavedViews;
  /** Keyed, in hex. */
  readonly digest: (text: string) => string;
  readonly nowMs: () => number;
  /** Of the product. */
  readonly version: string;
}

const NO_INDEX = "there is no index here (WEIR_COLLECTOR_STORE=none)";
const VIEW_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Rows in full are streamed in these forms. */
const formats = { "text/csv": csvLine, "application/x-ndjson": jsonLine } as const;

export function queryRoutes(app: FastifyInstance, options: QueryRoutesOptions): void {
  const { guarding, views, store } = options;
  const guard = guarding.guard("read", { recordsItself: true });
  app.post("/v1/query", guard, async (request, reply) => await answer(request, reply, jsonBody(request), options));
  const description = openApi(options.version);
  app.get("/v1/openapi.json", async () => description);
  app.get("/v1/questions", guarding.guard("read"), async () => ({
    questions: Object.entries(NAMED).map(([name, { asks, parameters }]) => ({ name, asks, parameters })),
    parameters: PARAMETERS,
    indexedUpTo: store?.indexedUpTo ?? null,
  }));
  app.get("/v1/sessions/:id", guard, async (request, reply) => {
    const { id } = request.params as { readonly id: string };
    if (!/^[0-9a-f]{32}$/.test(id)) return reply.code(400).send({ error: "a session's id has 32 hex digits" });
    return await session(request, reply, id, options);
  });
  app.get("/v1/views", guarding.guard("read"), async (request) => {
    const { name, role } = request.reader!;
    return { views: views.visibleTo(name, role === "admin") };
  });
  app.put("/v1/views/:name", guarding.guard("read"), async (request, reply) => await putView(request, reply, options));
  app.delete("/v1/views/:name", guarding.guard("read"), async (request, reply) => {
    const { name, role } = request.reader!;
    const removed = await views.remove(nameOf(request), name, role === "admin");
    return removed ? { removed: nameOf(request) } : reply.code(404).send({ error: "there is no such view of yours" });
  });
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { readonly name: string }).name;
}

type Asked =
  | { readonly ok: true; readonly question: Question }
  | { readonly ok: false; readonly status: 400 | 404; readonly problems: readonly string[] };

/** A question itself, one with a name (`ask`, `with`), or a saved one (`view`). */
function askedOf(request: FastifyRequest, body: unknown, { views }: QueryRoutesOptions): Asked {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    return {
      ok: false,
      status: 400,
      problems: ['send a question as JSON: {"ask": "reads", "with": {...}}, {"view": "name"}, or {"from": ...}'],
    };
  const { ask, with: given = {}, view, limit, offset, ...rest } = body as Readonly<Record<string, unknown>>;
  const paged = { ...(limit !== undefined && { limit }), ...(offset !== undefined && { offset }) };
  if (ask === undefined && view === undefined) return checked({ ...rest, ...paged });
  if (Object.keys(rest).length > 0)
    return {
      ok: false,
      status: 400,
      problems: [`${Object.keys(rest)[0]!.slice(0, 60)}: does not go with ask or view`],
    };
  if (view !== undefined) {
    const { name, role } = request.reader!;
    const saved = views.find(String(view), name, role === "admin");
    return saved === undefined
      ? {
          ok: false,
          status: 404,
          problems: ["view: there is none of this name that you may use; GET /v1/views lists them"],
        }
      : checked({ ...saved.question, ...paged });
  }
  if (typeof given !== "object" || given === null)
    return { ok: false, status: 400, problems: ["with: write an object of parameters"] };
  const named = namedQuestion(String(ask), given as Readonly<Record<string, unknown>>);
  return named.ok ? checked({ ...named.question, ...paged }) : { ok: false, status: 400, problems: named.problems };
}

function checked(input: unknown): Asked {
  const result = checkQuestion(input);
  return result.ok ? result : { ok: false, status: 400, problems: result.problems };
}

async function answer(request: FastifyRequest, reply: FastifyReply, body: unknown, options: QueryRoutesOptions) {
  const { store, guarding, digest } = options;
  const asked = askedOf(request, body, options);
  if (!asked.ok) return reply.code(asked.status).send({ error: asked.problems.join("; "), problems: asked.problems });
  const reader = request.reader!;
  const format = formatOf(request);
  if (format !== null && !RIGHTS[reader.role].includes("export"))
    return reply.code(403).send({ error: `whole answers as files are for auditors; ${reader.name} is ${reader.role}` });
  if (store === null) return reply.code(503).send({ error: NO_INDEX });
  if (!(await guarding.record(request, toldQuestion(asked.question, digest)))) return guarding.unrecorded(reply);
  const question = scopedQuestion(asked.question, reader);
  try {
    if (format !== null) return await streamed(reply, store, question, format);
    const { fields, rows, more, indexedUpTo } = await store.ask(question);
    return { fields, rows, more, indexedUpTo };
  } catch (cause) {
    return failed(reply, cause);
  }
}

function formatOf(request: FastifyRequest): keyof typeof formats | null {
  const wanted = request.headers.accept ?? "";
  return (Object.keys(formats) as (keyof typeof formats)[]).find((format) => wanted.includes(format)) ?? null;
}

/** The first part is fetched before the head is sent, so that what fails at once has its status. */
async function streamed(
  reply: FastifyReply,
  store: Pick<Store, "stream">,
  question: Question,
  format: keyof typeof formats,
) {
  const fields = answerFields(question.from, question);
  const parts = store.stream(question)[Symbol.asyncIterator]();
  const first = await parts.next();
  const lines = async function* () {
    if (format === "text/csv") yield csvHeader(fields);
    for (let part = first; !part.done; part = await parts.next()) yield linesOf(part.value, fields, format);
  };
  return reply.type(`${format}; charset=utf-8`).send(Readable.from(lines(), { objectMode: false }));
}

function linesOf(
  rows: readonly (readonly Cell[])[],
  fields: readonly AnswerField[],
  format: keyof typeof formats,
): string {
  return rows.map((row) => formats[format](row, fields)).join("");
}

async function session(
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  { store, guarding }: QueryRoutesOptions,
) {
  if (store === null) return reply.code(503).send({ error: NO_INDEX });
  if (!(await guarding.record(request, id))) return guarding.unrecorded(reply);
  const of = (from: "sessions" | "statements", limit: number) =>
    store.ask(
      scopedQuestion({ from, where: [{ field: "session", op: "eq", value: id }], orderBy: [], limit }, request.reader!),
    );
  try {
    const [head, statements] = [await of("sessions", 10), await of("statements", 1000)];
    if (head.rows.length + statements.rows.length === 0)
      return reply.code(404).send({ error: "there is no such session that you may see; it may not be indexed yet" });
    const told = ({ fields, rows }: typeof head) => rows.map((row) => JSON.parse(jsonLine(row, fields)));
    return { session: told(head)[0] ?? null, statements: told(statements), more: statements.more };
  } catch (cause) {
    return failed(reply, cause);
  }
}

async function putView(request: FastifyRequest, reply: FastifyReply, { views, nowMs }: QueryRoutesOptions) {
  const name = nameOf(request);
  if (!VIEW_NAME.test(name))
    return reply.code(400).send({ error: "a view's name is up to 63 lower-case letters, digits and dashes" });
  const { question, shared = false } = (jsonBody(request) ?? {}) as {
    readonly question?: unknown;
    readonly shared?: unknown;
  };
  const result = checkQuestion(question);
  if (!result.ok) return reply.code(400).send({ error: result.problems.join("; "), problems: result.problems });
  if (typeof shared !== "boolean") return reply.code(400).send({ error: "shared: write true or false" });
  const view = { name, owner: request.reader!.name, shared, question: result.question, changedMs: nowMs() };
  if (await views.put(view)) return view;
  return reply.code(409).send({ error: "another reader has a view of this name, or there are too many views" });
}

function failed(reply: FastifyReply, cause: unknown) {
  if (!(cause instanceof StoreError)) throw cause;
  const status = cause.code === "busy" ? 503 : cause.code === "too-long" ? 422 : 503;
  return reply.code(status).send({ error: cause.message });
}
