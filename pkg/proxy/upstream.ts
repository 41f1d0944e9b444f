// The real database server: where it is, and an open connection to it, encrypted as configured.
import { isIP, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Pinned } from "../gate/pinned-settings.ts";
import { SSL_REQUEST_PACKET } from "../wire/postgres/startup-packet.ts";
import { fixed } from "./connect-by-name.ts";
import { LoginError, PeerGone } from "./login-error.ts";
import { Peer } from "./peer.ts";
import { startTls } from "./socket-tls.ts";
import { socketPath, type TcpTarget, tcpConnect } from "./sockets.ts";
import type { EncryptedTls, UpstreamTls, Way } from "./upstream-tls.ts";

export type { UpstreamTls };

export interface Upstream extends TcpTarget {
  /** The GovernedDatabase's name, for messages. */
  readonly name: string;
  /** Has no meaning for a unix socket, which nobody can listen in to. */
  readonly tls: UpstreamTls;
  /** What its sessions are set to, whoever asks; absent: nothing. */
  readonly pinned?: Pinned;
  /** It is a pooler that keeps one server connection for each session. */
  readonly pooler?: "Session";
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

/** One server among those that a name may stand for, and how it was spoken to; cancel requests must reach the very same. */
export interface UpstreamAddress {
  readonly upstream: Upstream;
  readonly ip: string;
  readonly encrypted: boolean;
}

/** No TLS came about where the server may be spoken to in clear as well. */
export class TlsFailed extends LoginError {}

/** Rejects with LoginError 08006 that names the database and the remedy; TlsFailed when only encryption failed. */
export async function connectUpstream(upstream: Upstream, way: Way, signal?: AbortSignal): Promise<UpstreamConnection> {
  const timeout = AbortSignal.timeout(upstream.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  const until = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const socket = await tcpConnect(upstream, until).catch((cause: Error) => {
    throw unreachable(upstream, cause);
  });
  const ip = socket.remoteAddress ?? upstream.host;
  const abort = () => socket.destroy();
  until.addEventListener("abort", abort, { once: true });
  try {
    const secure = await encryptFor(socket, upstream, way);
    const encrypted = secure !== null;
    return { socket: secure ?? socket, encrypted, address: { upstream, ip, encrypted } };
  } catch (error) {
    socket.destroy();
    throw until.aborted ? unreachable(upstream, until.reason as Error) : error;
  } finally {
    until.removeEventListener("abort", abort);
  }
}

/** The same server again in the same way, for a cancel request. */
export function connectAgain({ ip, upstream, encrypted }: UpstreamAddress): Promise<UpstreamConnection> {
  const family = isIP(ip) as 4 | 6;
  return connectUpstream({ ...upstream, lookup: fixed([{ address: ip, family }]) }, encrypted ? "tls" : "plain");
}

/** Null: the connection stays plain. */
async function encryptFor(socket: Socket, upstream: Upstream, way: Way): Promise<TLSSocket | null> {
  const { tls } = upstream;
  if (way === "plain" || tls.mode === "disable") return null;
  if (await offersTls(socket, upstream)) return encrypt(socket, upstream, tls);
  if (way === "tlsIfOffered") return null;
  const hint = "Turn on ssl in the server, or set tls.mode of the GovernedDatabase to Disable or Prefer.";
  throw new TlsFailed("08006", `${label(upstream)} does not offer TLS`, hint);
}

function encrypt(socket: Socket, upstream: Upstream, tls: EncryptedTls): Promise<TLSSocket> {
  return startTls(socket, upstream.host, tls).catch((cause: Error) => {
    const hint =
      "Compare tls of the GovernedDatabase (mode, CA, client certificate) with what the server shows and asks.";
    throw new TlsFailed("08006", `${label(upstream)} could not be encrypted: ${cause.message}`, hint, { cause });
  });
}

/** SSLRequest and its answer of one byte; more than one byte came from a man in the middle (CVE-2021-23222). */
async function offersTls(socket: Socket, upstream: Upstream): Promise<boolean> {
  const peer = new Peer(socket, "upstream");
  try {
    peer.write(SSL_REQUEST_PACKET);
    const answer = (await peer.read()).toString("latin1");
    if (answer === "N") return false;
    if (answer === "S" && peer.release().length === 0) return true;
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

function label({ name, host, port }: Upstream): string {
  return `database "${name}" at ${socketPath(host, port) ?? `${host}:${port}`}`;
}
