// HTTP for the platform: is it alive, is it ready, what does it measure.
import { fastify } from "fastify";
import type { Registry } from "prom-client";
import type { Address } from "./address.ts";

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `waitsFor`: in words, what keeps it from being ready. */
export async function startAdminServer(
  listen: Address,
  registry: Registry,
  waitsFor: () => readonly string[],
): Promise<AdminServer> {
  const app = fastify({
    requestTimeout: 5000,
    bodyLimit: 1024,
    return503OnClosing: false,
    forceCloseConnections: true,
  });
  app.get("/healthz", async (_request, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", async (_request, reply) => {
    const waits = waitsFor();
    return reply.code(waits.length === 0 ? 200 : 503).send({ ready: waits.length === 0, waitsFor: waits });
  });
  app.get("/metrics", async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  await app.listen({ host: listen.host, port: listen.port });
  const bound = app.server.address();
  return {
    port: bound !== null && typeof bound === "object" ? bound.port : listen.port,
    close: () => app.close(),
  };
}
