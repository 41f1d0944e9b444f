// How much of the webhook's callers is held at a time. `/mutate` is open to whoever reaches the port, unless its callers have to show a
// certificate: what it takes is bounded for each address and for all, and a body that comes slowly is given up, as the API server would.

import type { TLSSocket } from "node:tls";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

export interface ReviewLimits {
  readonly reviewsMax: number;
  readonly bytesMax: number;
  /** Of one address. An API server has at most 200 changes under way by default, and a review is a few ten kilobytes. */
  readonly reviewsOfAddressMax: number;
  readonly bytesOfAddressMax: number;
  /** From the head of a request to the end of its body. */
  readonly bodyMs: number;
}

export const reviewLimits: ReviewLimits = {
  reviewsMax: 600,
  bytesMax: 64 * 1024 * 1024,
  reviewsOfAddressMax: 250,
  bytesOfAddressMax: 24 * 1024 * 1024,
  bodyMs: 3000,
};

interface Held {
  reviews: number;
  bytes: number;
}

export interface GuardOptions {
  readonly limits: ReviewLimits;
  /** Only callers whose certificate is signed by the CA that the server was given. */
  readonly clientCertificate: boolean;
  /** A request was turned away. */
  onRefused(): void;
}

/** Hooks for the routes of `server`, before anything is parsed. */
export function guardReviews(server: FastifyInstance, { limits, clientCertificate, onRefused }: GuardOptions): void {
  const all: Held = { reviews: 0, bytes: 0 };
  const byAddress = new Map<string, Held>();
  const isOver = (of: Held) =>
    all.reviews > limits.reviewsMax ||
    all.bytes > limits.bytesMax ||
    of.reviews > limits.reviewsOfAddressMax ||
    of.bytes > limits.bytesOfAddressMax;

  function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
    onRefused();
    return reply.code(status).header("retry-after", "1").header("connection", "close").send({ error });
  }

  const held = new WeakMap<FastifyRequest, () => void>();

  server.addHook("onRequest", async (request, reply) => {
    if (clientCertificate && !hasCertificate(request.raw.socket as TLSSocket))
      return refuse(reply, 401, "show a client certificate of the CA that WEIR_MUTATE_CLIENT_CA names");
    const of = byAddress.get(request.ip) ?? { reviews: 0, bytes: 0 };
    byAddress.set(request.ip, of);
    const holds = hold(request, [all, of]);
    reply.raw.once("close", () => {
      holds.release();
      if (of.reviews === 0) byAddress.delete(request.ip);
    });
    if (isOver(of)) return refuse(reply, 503, "too many reviews are under way; try again");
    held.set(request, () => holds.follow(() => isOver(of), limits.bodyMs));
    return undefined;
  });
  // Without a promise: the parser listens in the same turn, so that no byte and no end goes unheard.
  server.addHook("preParsing", (request, _reply, payload, done) => {
    held.get(request)?.();
    done(null, payload);
  });
}

/** A session that is taken up again counts only with the certificate that it began with. */
function hasCertificate(socket: TLSSocket): boolean {
  return socket.authorized && socket.getPeerX509Certificate() !== undefined;
}

/** Counts one request and the bytes of its body as they come. */
function hold({ raw }: FastifyRequest, counts: readonly Held[]) {
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const add = (reviews: number, more: number) => {
    for (const count of counts) {
      count.reviews += reviews;
      count.bytes += more;
    }
  };
  add(1, 0);
  return {
    /** The request is broken off when `isOver` becomes true, and when its body is not here in time. */
    follow(isOver: () => boolean, bodyMs: number): void {
      timer = setTimeout(() => raw.destroy(), bodyMs);
      raw.once("end", () => clearTimeout(timer));
      raw.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        add(0, chunk.length);
        if (isOver()) raw.destroy();
      });
    },
    release(): void {
      clearTimeout(timer);
      add(-1, -bytes);
      bytes = 0;
    },
  };
}
