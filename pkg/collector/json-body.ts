// A request's body as JSON; undefined when it is none, which every reader of it refuses.
import type { FastifyRequest } from "fastify";

export function jsonBody(request: FastifyRequest): unknown {
  if (!(request.body instanceof Buffer)) return undefined;
  try {
    return JSON.parse(request.body.toString());
  } catch {
    return undefined;
  }
}
