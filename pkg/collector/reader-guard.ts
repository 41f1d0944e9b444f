// In front of every route of readers: who asks, whether he may, and the record of his look-up, before anything is answered.
import type { FastifyReply, FastifyRequest } from "fastify";
import { canonicalJson } from "../audit/canonical-json.ts";
import type { Authenticator } from "./authenticate.ts";
import { credentialsOf } from "./credentials-of.ts";
import { jsonBody } from "./json-body.ts";
import type { Lookups } from "./lookups.ts";
import type { Reader, Right } from "./source.ts";

declare module "fastify" {
  interface FastifyRequest {
    reader?: Reader;
  }
}

export interface Guard {
  readonly bodyLimit: number;
  readonly onRequest: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
  readonly preHandler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

export interface Guarding {
  /** `recordsItself`: the handler does, once it knows what is asked. */
  guard(right: Right, more?: { readonly recordsItself?: boolean }): Guard;
  /** False: it could not be recorded, so it must not be answered. */
  record(request: FastifyRequest, subject: string): Promise<boolean>;
  unrecorded(reply: FastifyReply): FastifyReply;
}

const BODY_BYTES_MAX = 256 * 1024;
const SUBJECT_MAX = 4096;

export function guardingOf(authenticator: Authenticator, lookups: Lookups): Guarding {
  const record = (request: FastifyRequest, subject: string, verdict: "allow" | "refuse" = "allow") =>
    lookups.record({ reader: request.reader!, route: routeOf(request), subject, verdict, address: request.ip });
  const unrecorded = (reply: FastifyReply) =>
    reply
      .code(503)
      .header("retry-after", 2)
      .send({ error: "the look-up cannot be recorded now, so it is not answered; ask again later" });
  return {
    record: (request, subject) => record(request, subject),
    unrecorded,
    guard: (right, { recordsItself = false } = {}) => ({
      bodyLimit: BODY_BYTES_MAX,
      onRequest: async (request, reply) => {
        const verified = await authenticator.reader(credentialsOf(request), right);
        if (!verified.ok) return reply.code(verified.status).send({ error: verified.error });
        request.reader = verified.who;
      },
      preHandler: async (request, reply) => {
        if (recordsItself) return;
        if (!(await record(request, subjectOf(request)))) return unrecorded(reply);
      },
    }),
  };
}

function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? ""}`;
}

/** Names of places, chains and times: what these routes take. */
function subjectOf(request: FastifyRequest): string {
  const body = jsonBody(request);
  const parts = { params: request.params, query: request.query, ...(body !== undefined && { body }) };
  try {
    const text = canonicalJson(JSON.parse(JSON.stringify(parts)));
    return text.length <= SUBJECT_MAX ? text : `${text.slice(0, SUBJECT_MAX)}…`;
  } catch {
    return "not understood";
  }
}
