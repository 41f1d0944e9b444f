// Every socket of the proxy is made here, so that how they read and write can change in one place.
import { connect, createServer, isIP, type LookupFunction, type Server, type Socket } from "node:net";
import { connectByName } from "./connect-by-name.ts";

/** Notices a peer that vanished without a word; the kernel's own default is two hours. */
const KEEP_ALIVE_MS = 60_000;

/** A server whose connections start paused, with no listener but one that keeps errors from ending the process. */
export function tcpServer(onConnection: (socket: Socket) => void): Server {
  return createServer(
    { pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
    (socket) => {
      ignoreErrors(socket);
      onConnection(socket);
    },
  );
}

/** The same, where the end of one direction leaves the other open. */
export function relayServer(onConnection: (socket: Socket) => void): Server {
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  return createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true, ...keepAlive }, (socket) =>
    onConnection(ignoreErrors(socket)),
  );
}

export interface TcpTarget {
  /** A name, an address, or an absolute path: then the socket `.s.PGSQL.<port>` in that folder. */
  readonly host: string;
  readonly port: number;
  /** How the host's name becomes an address, where the system's own way would lead back to us. */
  readonly lookup?: LookupFunction;
  /** The end of one direction leaves the other open. */
  readonly allowHalfOpen?: boolean;
}

/** Where a server's unix socket lies, as libpq finds it; null for a host on the network. */
export function socketPath(host: string, port: number): string | null {
  return host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : null;
}

/** Resolves with an open, paused socket; rejects with the system's error. `signal` gives up. */
export function tcpConnect(to: TcpTarget, signal: AbortSignal): Promise<Socket> {
  const isName = !to.host.startsWith("/") && isIP(to.host) === 0;
  return isName ? connectByName(to, signal, connectOnce) : connectOnce(to, signal);
}

function connectOnce(to: TcpTarget, signal: AbortSignal): Promise<Socket> {
  return new Promise<Socket>((resolve, reject) => {
    const { host, port, lookup, allowHalfOpen = false } = to;
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, allowHalfOpen };
    const path = socketPath(host, port);
    const socket = ignoreErrors(
      connect(path === null ? { host, port, ...options, ...(lookup && { lookup }) } : { path }),
    );
    socket.pause();
    const abort = () => fail(signal.reason as Error);
    const settle = () => {
      socket.off("error", fail).off("connect", done);
      signal.removeEventListener("abort", abort);
    };
    const done = () => {
      settle();
      resolve(socket);
    };
    const fail = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    socket.once("error", fail).once("connect", done);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });
}

/** Errors of a socket are seen by its `close`; without a listener an `error` would end the process. */
export function ignoreErrors<S extends Socket>(socket: S): S {
  return socket.on("error", () => {});
}

/** Sends the last bytes and closes; a peer that does not read them is cut off after `graceMs`. */
export function endSocket(socket: Socket, last?: Buffer, graceMs = 5_000): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), graceMs);
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
  if (last === undefined) socket.end();
  else socket.end(last);
}
