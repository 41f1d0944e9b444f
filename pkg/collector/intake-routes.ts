// What sidecars call: logs, traces, chains, heartbeats. Who it is and whether there is room is settled before the body is read.
import { setImmediate } from "node:timers/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "../runtime/logger.ts";
import { laneOf } from "./audit-lane.ts";
import type { Authenticator } from "./authenticate.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { credentialsOf } from "./credentials-of.ts";
import type { Intake, Taken } from "./intake.ts";
import { jsonBody } from "./json-body.ts";
import type { IntakeMetrics, RequestMetrics } from "./metrics.ts";
import { exportAnswer, type PartialSuccess } from "./otlp-answer.ts";
import { decodeLogs, decodeTraces, NotOtlp, type OtlpForm } from "./otlp-decode.ts";
import type { Registrar } from "./registrar.ts";
import { admitBody, otlpFormOf, REQUEST_BYTES_MAX, unpacked } from "./request-body.ts";
import type { Sender } from "./source.ts";
import type { SpanSender, TraceRing } from "./trace-ring.ts";

export interface IntakeRoutesOptions {
  readonly authenticator: Authenticator;
  readonly intake: Intake;
  readonly registrar: Registrar;
  readonly traces: TraceRing;
  readonly budget: ByteBudget;
  readonly metrics: IntakeMetrics & RequestMetrics;
  readonly logger: Logger;
}

const SEGMENTS_MAX = 64;
const SMALL_BYTES_MAX = 64 * 1024;
const RETRY_AFTER_S = 2;
const REGISTER_AFTER_S = 10;

declare module "fastify" {
  interface FastifyRequest {
    sender?: Sender;
  }
}

export function intakeRoutes(app: FastifyInstance, options: IntakeRoutesOptions): void {
  const { authenticator, registrar, budget, metrics } = options;

  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const verified = await authenticator.sender(credentialsOf(request));
    if (!verified.ok) return refuse(reply, verified.status, verified.error);
    request.sender = verified.who;
    return admitBody(request, reply, budget) ? undefined : reply;
  }

  const large = { onRequest: admit, bodyLimit: REQUEST_BYTES_MAX };
  const small = { onRequest: admit, bodyLimit: SMALL_BYTES_MAX };
  app.post("/v1/logs", large, async (request, reply) => await takeLogs(request, reply, options));
  app.post("/v1/traces", large, async (request, reply) => await takeTraces(request, reply, options));
  app.post("/v1/chains", small, async (request, reply) => {
    const { status, body } = await registrar.register(jsonBody(request), request.sender!);
    if (status === 429) reply.header("retry-after", REGISTER_AFTER_S);
    return reply.code(status).send(body);
  });
  app.post("/v1/heartbeats", small, async (request, reply) => {
    const { status, body } = registrar.heartbeat(jsonBody(request), request.sender!);
    return reply.code(status).send(body);
  });
  app.addHook("onResponse", async (request, reply) => {
    metrics.answered(routes[request.routeOptions.url ?? ""] ?? "other", reply.statusCode);
  });
}

const routes: Readonly<Record<string, "logs" | "traces" | "chains" | "heartbeats">> = {
  "/v1/logs": "logs",
  "/v1/traces": "traces",
  "/v1/chains": "chains",
  "/v1/heartbeats": "heartbeats",
};

async function takeLogs(request: FastifyRequest, reply: FastifyReply, options: IntakeRoutesOptions) {
  const form = otlpFormOf(request, reply);
  const body = form === null ? null : await unpacked(request, reply, options.budget);
  if (form === null || body === null) return reply;
  const lane = decoded(reply, () => laneOf(decodeLogs(body, form)));
  if (lane === null) return reply;
  if (lane.candidates.length > SEGMENTS_MAX)
    return refuse(reply, 413, `a request has at most ${SEGMENTS_MAX} segments; send fewer at once`);
  const takes: Promise<Taken>[] = [];
  for (const candidate of lane.candidates) {
    takes.push(options.intake.take(candidate, request.sender!));
    await setImmediate(); // judging one takes its time; others have their turn
  }
  const taken = await Promise.all(takes);
  const foreign = lane.refusals.reduce((sum, { records }) => sum + records, 0);
  if (foreign > 0) options.metrics.refused(foreign, "foreign");
  const refused = taken.flatMap((each, at) =>
    each.as === "refused" ? [{ records: lane.candidates[at]!.records.length, why: each.why }] : [],
  );
  return answerLogs(reply, form, taken, partialOf([...lane.refusals, ...refused]));
}

function answerLogs(reply: FastifyReply, form: OtlpForm, taken: readonly Taken[], partial: PartialSuccess) {
  for (const each of taken) {
    if (each.as === "forbidden") return refuse(reply, 403, each.why);
    if (each.as === "unavailable") return refuse(reply, 503, each.why);
    if (each.as !== "conflict") continue;
    const { why, code, chain, next, lastHash } = each;
    return reply.code(409).send({ error: why, code, chain, next, lastHash });
  }
  return reply.type(typeOf(form)).send(exportAnswer(partial, form, "rejectedLogRecords"));
}

function spanSenderOf({ cluster, environment, namespace, name }: Sender): SpanSender {
  return { cluster, environment, namespace: namespace ?? "", name };
}

async function takeTraces(request: FastifyRequest, reply: FastifyReply, options: IntakeRoutesOptions) {
  const form = otlpFormOf(request, reply);
  const body = form === null ? null : await unpacked(request, reply, options.budget);
  if (form === null || body === null) return reply;
  const traces = decoded(reply, () => decodeTraces(body, form));
  if (traces === null) return reply;
  try {
    const { refused } = options.traces.add(traces, spanSenderOf(request.sender!));
    const why =
      refused === 0 ? "" : "spans without a trace id, or too many or too large with their resource, are not taken";
    return reply.type(typeOf(form)).send(exportAnswer({ rejected: refused, why }, form, "rejectedSpans"));
  } catch (cause) {
    options.logger.log("error", "traces_failed", { why: (cause as Error).message });
    return refuse(reply, 503, "traces cannot be kept now; send again later");
  }
}

function decoded<T>(reply: FastifyReply, decode: () => T): T | null {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof NotOtlp)) throw cause;
    void refuse(reply, 400, cause.message);
    return null;
  }
}

function partialOf(refusals: readonly { readonly records: number; readonly why: string }[]): PartialSuccess {
  return {
    rejected: refusals.reduce((sum, { records }) => sum + records, 0),
    why: [...new Set(refusals.map(({ why }) => why))].join("; "),
  };
}

function typeOf(form: OtlpForm): string {
  return form === "json" ? "application/json" : "application/x-protobuf";
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  if (status === 503) reply.header("retry-after", RETRY_AFTER_S);
  return reply.code(status).send({ error });
}
