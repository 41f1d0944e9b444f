// The real database server: where it is, and an open connection to it, encrypted as configured.
import { isIP, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { SSL_REQUEST_PACKET } from "../wire/postgres/startup-packet.ts";
import { LoginError, PeerGone } from "./login-error.ts";
import { Peer } from "./peer.ts";
import { startTls } from "./socket-tls.ts";
import { type TcpTarget, tcpConnect } from "./sockets.ts";

export type UpstreamTls =
  | { readonly mode: "disable" }
  /** Encrypted, whoever the server is. */
  | { readonly mode: "require" }
  /** `ca` is PEM. verify-full also compares the host's name. */
  | { readonly mode: "verify-ca" | "verify-full"; readonly ca: string };

export interface Upstream extends TcpTarget {
  /** The GovernedDatabase's name, for messages. */
  readonly name: string;
  readonly tls: UpstreamTls;
  /** Time to connect and to encrypt; 10 s when not given. */
  readonly connectTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A connection to exactly the server behind it: `host` is the address that a name was resolved to. */
export interface UpstreamConnection {
  /** Open and paused, without listeners of ours but one for errors. */
  readonly socket: Socket | TLSSocket;
  readonly encrypted: boolean;
  readonly address: UpstreamAddress;
}

/** One server among those that a name may stand for; cancel requests must reach the very same. */
export interface UpstreamAddress {
  readonly upstream: Upstream;
  readonly ip: string;
}

/** Rejects with LoginError 08006 that names the database and the remedy. */
export async function connectUpstream(upstream: Upstream, signal?: AbortSignal): Promise<UpstreamConnection> {
  const timeout = AbortSignal.timeout(upstream.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  const until = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const socket = await tcpConnect(upstream, until).catch((cause: Error) => {
    throw unreachable(upstream, cause);
  });
  const ip = socket.remoteAddress ?? upstream.host;
  const abort = () => socket.destroy();
  until.addEventListener("abort", abort, { once: true });
  try {
    const secure = upstream.tls.mode === "disable" ? null : await encrypt(socket, upstream, upstream.tls);
    return { socket: secure ?? socket, encrypted: secure !== null, address: { upstream, ip } };
  } catch (error) {
    socket.destroy();
    throw until.aborted && !(error instanceof LoginError) ? unreachable(upstream, until.reason as Error) : error;
  } finally {
    until.removeEventListener("abort", abort);
  }
}

/** The same server again, for a cancel request. */
export function connectAgain(address: UpstreamAddress): Promise<UpstreamConnection> {
  const { ip, upstream } = address;
  const family = isIP(ip) as 4 | 6;
  return connectUpstream({
    ...upstream,
    lookup: (_host, options, done) => (options.all ? done(null, [{ address: ip, family }]) : done(null, ip, family)),
  });
}

async function encrypt(
  socket: Socket,
  upstream: Upstream,
  tls: Exclude<UpstreamTls, { mode: "disable" }>,
): Promise<TLSSocket> {
  await askForTls(socket, upstream);
  return startTls(socket, upstream.host, tls).catch((cause: Error) => {
    const hint = "Compare tls.mode and its CA in the GovernedDatabase with the certificate that the server shows.";
    throw new LoginError("08006", `${label(upstream)} could not be encrypted: ${cause.message}`, hint, { cause });
  });
}

/** SSLRequest and its answer of one byte; more than one byte came from a man in the middle (CVE-2021-23222). */
async function askForTls(socket: Socket, upstream: Upstream): Promise<void> {
  const peer = new Peer(socket, "upstream");
  try {
    peer.write(SSL_REQUEST_PACKET);
    const answer = (await peer.read()).toString("latin1");
    if (answer === "S" && peer.release().length === 0) return;
    if (answer === "N") {
      const hint = "Turn on ssl in the server, or set tls.mode of the GovernedDatabase to disable.";
      throw new LoginError("08006", `${label(upstream)} does not offer TLS`, hint);
    }
    throw new LoginError("08006", `${label(upstream)} did not answer an SSLRequest as PostgreSQL does`);
  } catch (error) {
    throw error instanceof PeerGone ? unreachable(upstream, new Error("it closed the connection")) : error;
  } finally {
    peer.release();
  }
}

function unreachable(upstream: Upstream, cause: Error): LoginError {
  const why =
    cause.name === "TimeoutError"
      ? "it did not answer in time"
      : ((cause as NodeJS.ErrnoException).code ?? cause.message);
  const hint = "Check that the server runs and that host and port of the GovernedDatabase are right.";
  return new LoginError("08006", `${label(upstream)} cannot be reached: ${why}`, hint, { cause });
}

function label(upstream: Upstream): string {
  return `database "${upstream.name}" at ${upstream.host}:${upstream.port}`;
}
