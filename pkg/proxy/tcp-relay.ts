// Other ports of a governed host: bytes pass both ways untouched, each direction only as fast as its reader, half-closes included.
import type { Server, Socket } from "node:net";
import type { TcpAddress } from "./listener.ts";
import { Slots } from "./slots.ts";
import { relayServer, type TcpTarget, tcpConnect } from "./sockets.ts";

export interface RelayRoute {
  readonly listen: TcpAddress;
  readonly target: TcpTarget;
}

export interface RelayCounters {
  readonly open: number;
  readonly total: number;
  /** Closed because there were too many. */
  readonly refusedTotal: number;
  /** The target could not be reached. */
  readonly failedTotal: number;
  readonly bytesTotal: number;
}

export interface Relays {
  /** Resolves with the port of each route, in order; rejects with the system's error. */
  start(): Promise<readonly number[]>;
  /** Takes no new connection; what has not ended after `timeMs` is cut off. */
  drain(timeMs: number): Promise<void>;
  counters(): RelayCounters;
}

const CONNECT_TIMEOUT_MS = 10_000;

export function createRelays(routes: readonly RelayRoute[], limits: { readonly connections: number }): Relays {
  return new RunningRelays(routes, new Slots(limits.connections));
}

class RunningRelays implements Relays {
  readonly #routes: readonly RelayRoute[];
  readonly #slots: Slots;
  readonly #servers: readonly Server[];
  readonly #open = new Set<Socket>();
  readonly #ended = new Map<Socket, Promise<void>>();
  #total = 0;
  #refusedTotal = 0;
  #failedTotal = 0;
  #endedBytes = 0;

  constructor(routes: readonly RelayRoute[], slots: Slots) {
    this.#routes = routes;
    this.#slots = slots;
    this.#servers = routes.map(({ target }) => relayServer((client) => this.#accept(client, target)));
  }

  async start(): Promise<readonly number[]> {
    const ports: number[] = [];
    for (const [index, server] of this.#servers.entries())
      ports.push(await listen(server, this.#routes[index]!.listen));
    return ports;
  }

  async drain(timeMs: number): Promise<void> {
    for (const server of this.#servers) server.close();
    const timer = setTimeout(() => {
      for (const socket of this.#open) socket.resetAndDestroy();
    }, timeMs);
    while (this.#ended.size > 0) await Promise.all(this.#ended.values());
    clearTimeout(timer);
  }

  counters(): RelayCounters {
    let bytesTotal = this.#endedBytes;
    for (const socket of this.#open) bytesTotal += socket.bytesRead;
    return {
      open: this.#ended.size,
      total: this.#total,
      refusedTotal: this.#refusedTotal,
      failedTotal: this.#failedTotal,
      bytesTotal,
    };
  }

  #accept(client: Socket, target: TcpTarget): void {
    const release = this.#slots.take();
    if (release === null) {
      this.#refusedTotal += 1;
      client.resetAndDestroy();
      return;
    }
    this.#total += 1;
    const ended = this.#serve(client, target).finally(() => {
      release();
      this.#ended.delete(client);
    });
    this.#ended.set(client, ended);
  }

  async #serve(client: Socket, target: TcpTarget): Promise<void> {
    const left = this.#follow(client);
    const stop = AbortSignal.any([AbortSignal.timeout(CONNECT_TIMEOUT_MS), signalOf(left)]);
    const upstream = await tcpConnect({ ...target, allowHalfOpen: true }, stop).catch(() => null);
    if (upstream === null) {
      this.#failedTotal += 1;
      client.resetAndDestroy();
      await left;
      return;
    }
    const upstreamLeft = this.#follow(upstream);
    if (client.destroyed) upstream.destroy();
    else if (upstream.destroyed) client.resetAndDestroy();
    else join(client, upstream);
    await Promise.all([left, upstreamLeft]);
  }

  /** Resolves when the socket is closed. */
  #follow(socket: Socket): Promise<void> {
    this.#open.add(socket);
    return new Promise((resolve) => {
      const left = () => {
        this.#open.delete(socket);
        this.#endedBytes += socket.bytesRead;
        resolve();
      };
      if (socket.closed) left();
      else socket.once("close", left);
    });
  }
}

function signalOf(left: Promise<void>): AbortSignal {
  const gone = new AbortController();
  left.then(() => gone.abort(new Error("the client left")));
  return gone.signal;
}

/** An end is handed on as an end; whatever else closes one side resets the other. */
function join(client: Socket, upstream: Socket): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.once("close", () => {
      if (!from.readableEnded || !to.readableEnded) to.resetAndDestroy();
    });
    from.pipe(to);
  }
}

function listen(server: Server, { host, port }: TcpAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      server.on("error", () => {}); // a failed accept concerns one client
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}
