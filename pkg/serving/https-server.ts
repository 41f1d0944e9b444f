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
  /** Of a request without a limit of its own. */
  readonly bodyBytesMax?: number;
  readonly requestTimeoutMs?: number;
  /** PEM of those who vouch for clients; a client may come without a certificate, and whoever needs one asks for it. */
  readonly clientAuthorities?: readonly string[];
}

const BODY_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 15_000;

export async function startHttpsServer(
  listen: Address,
  certificate: Certificate,
  routes: (server: FastifyInstance) => void,
  { bodyBytesMax = BODY_BYTES_MAX, requestTimeoutMs = REQUEST_TIMEOUT_MS, clientAuthorities = [] }: HttpsOptions = {},
): Promise<HttpsServer> {
  const clients = clientAuthorities.length === 0 ? {} : { ca: [...clientAuthorities] };
  const requested = clientAuthorities.length === 0 ? {} : { requestCert: true, rejectUnauthorized: false };
  const app = fastify({
    https: { ...certificate, ...clients, ...requested, minVersion: "TLSv1.2" },
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
    use: (next) => server.setSecureContext({ ...next, ...clients, minVersion: "TLSv1.2" }),
    drain() {
      draining = true;
    },
    close: () => app.close(),
  };
}
