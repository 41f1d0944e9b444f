// What a request shows of who sends it.
import type { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import type { Credentials } from "./authenticate.ts";
import { presentedChain } from "./certificate-proof.ts";

export function credentialsOf(request: FastifyRequest): Credentials {
  const { authorization } = request.headers;
  const socket = request.raw.socket as Partial<TLSSocket>;
  const isTls = typeof socket.getPeerCertificate === "function";
  return { authorization, chain: isTls && authorization === undefined ? presentedChain(socket as TLSSocket) : null };
}
