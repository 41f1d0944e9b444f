// HTTP for the platform: is it alive, is it ready, what does it measure, who is in. Answers GET and HEAD; tells no SQL and no values.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isLocal } from "../../pkg/proxy/client-authentication.ts";
import type { Address } from "./parse-value.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not ready, or what an operator should look at although it is. */
  readonly notes: readonly string[];
  /** null: there are none yet. */
  readonly policyVersion: string | null;
  /** Where policies come in bundles. */
  readonly bundle?: { readonly version: string | null; readonly ageSeconds: number };
}

export interface AdminOptions {
  /** An empty host: every address of the machine. */
  readonly listen: Address;
  readiness(): Readiness;
  /** Who is in; told to callers of the same machine or pod only. */
  sessions(): readonly object[];
  /** Prometheus text format and its content type. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface AdminServer extends Address {
  close(): Promise<void>;
}

/** Resolves when it listens; rejects when it cannot. */
export function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => reply(response, 500, "text/plain", "internal error\n"));
  });
  server.requestTimeout = 5000;
  server.maxConnections = 64;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const { host, port } = options.listen;
    server.listen({ port, ...(host !== "" && { host }) }, () => {
      const bound = server.address();
      const port = bound && typeof bound === "object" ? bound.port : options.listen.port;
      resolve({
        host: options.listen.host,
        port,
        close: () => new Promise((done) => server.close(() => done()) && server.closeAllConnections()),
      });
    });
  });
}

async function answer(options: AdminOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split("?")[0];
  if (request.method !== "GET" && request.method !== "HEAD") return reply(response, 405, "text/plain", "GET only\n");
  if (path === "/healthz") return reply(response, 200, "text/plain", "ok\n");
  if (path === "/readyz") {
    const readiness = options.readiness();
    return reply(response, readiness.ready ? 200 : 503, "application/json", `${JSON.stringify(readiness, null, 2)}\n`);
  }
  if (path === "/sessions") {
    if (!isLocal(request.socket.remoteAddress ?? ""))
      return reply(response, 403, "text/plain", "ask from a loopback address\n");
    return reply(response, 200, "application/json", `${JSON.stringify(options.sessions(), null, 2)}\n`);
  }
  if (path === "/metrics") {
    const { contentType, text } = await options.metrics();
    return reply(response, 200, contentType, text);
  }
  reply(response, 404, "text/plain", "there is /healthz, /readyz, /metrics and /sessions\n");
}

function reply(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(response.req.method === "HEAD" ? undefined : text);
}
