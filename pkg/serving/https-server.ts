// The HTTPS server that API servers, sidecars and readers call. An API server keeps connections for 90 s, so ours live longer: a
// connection that we close first is a pod that nobody looked at.
import type { Server } from "node:https";
import { type FastifyInstance, fastify } from "fastify";
import type { Address } from "./address.ts";

export interface Certificate {
  /** PEM, the leaf first. */
  readonly cert: string;
  readonly key: string;
}

export interface HttpsServer {
  readonly port: number;
  /** New connections get this certificate; those that are open go on. */
  use(certificate: Certificate): void;
  /** From now on every answer closes its connection, so that callers move to another replica. */
  drain(): void;
  /** Answers what has been asked, then closes. */
  close(): Promise<void>;
}

export interface HttpsOptions {
  readonly listen: Address;
  readonly certificate: Certificate;
  /** PEM: who shows a certificate of these has `socket.authorized`; nobody must. null: nobody is asked. */
  readonly clientCa: string | null;
  readonly routes: (server: FastifyInstance) => void;
  /** Of a request without a limit of its own. */
  readonly bodyBytesMax?: number;
  readonly requestTimeoutMs?: number;
}

const BODY_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 15_000;

export async function startHttpsServer(options: HttpsOptions): Promise<HttpsServer> {
  const { listen, certificate, clientCa, routes } = options;
  const { bodyBytesMax = BODY_BYTES_MAX, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const always = { minVersion: "TLSv1.2", ...(clientCa !== null && { ca: clientCa }) } as const;
  const app = fastify({
    https: { ...certificate, ...always, ...(clientCa !== null && { requestCert: true, rejectUnauthorized: false }) },
    bodyLimit: bodyBytesMax,
    keepAliveTimeout: 120_000,
    requestTimeout: requestTimeoutMs,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
  });
  const server = app.server as Server;
  server.headersTimeout = 32_000;
  let draining = false;
  app.addHook("onSend", async (_request, reply) => {
    if (draining) reply.header("connection", "close");
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  routes(app as unknown as FastifyInstance);
  await app.listen({ host: listen.host, port: listen.port });
  const bound = server.address();
  return {
    port: bound !== null && typeof bound === "object" ? bound.port : listen.port,
    use: (next) => server.setSecureContext({ ...next, ...always }),
    drain() {
      draining = true;
    },
    close: () => app.close(),
  };
}
