// One session at the gateway (or sidecar): a verified TLS connection, the login with a token, and everything that the server says up to
// its first ReadyForQuery. The token goes nowhere else, and to nobody whose certificate is not right.
import { TLSSocket } from "node:tls";
import { FrameStream } from "../../../pkg/proxy/frame-stream.ts";
import { LoginError, PeerGone } from "../../../pkg/proxy/login-error.ts";
import { DUMMY, OAUTHBEARER } from "../../../pkg/proxy/oauth-bearer.ts";
import { Peer } from "../../../pkg/proxy/peer.ts";
import { connectUpstream, type Upstream, type UpstreamConnection } from "../../../pkg/proxy/upstream.ts";
import { decodeAuthentication } from "../../../pkg/wire/postgres/authentication.ts";
import { type CancelKey, decodeBackendKeyData } from "../../../pkg/wire/postgres/backend-key-data.ts";
import { SERVER_TYPES } from "../../../pkg/wire/postgres/frame-reader.ts";
import { FrameWriter } from "../../../pkg/wire/postgres/frame-writer.ts";
import { encodePassword, encodeSaslInitialResponse } from "../../../pkg/wire/postgres/password-message.ts";
import { encodeStartupMessage } from "../../../pkg/wire/postgres/startup-packet.ts";

export interface Gateway {
  /** Its `tls` is verify-full. */
  readonly upstream: Upstream;
  readonly login: string;
  /** As the start-up packet names it. */
  readonly database: string;
}

export interface Asked {
  readonly version: number;
  /** Beside user and database. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly token: string;
}

export interface GatewaySession {
  readonly connection: UpstreamConnection;
  /** Whole frames behind AuthenticationOk, BackendKeyData left out, and whatever came after them. */
  readonly greeting: Buffer;
  readonly key: CancelKey | null;
}

/** The server refused the login; `frame` is its ErrorResponse. */
export class GatewayRefused extends Error {
  readonly frame: Buffer;

  constructor(frame: Buffer) {
    super("the gateway refused the login");
    this.frame = frame;
  }
}

const FRAME_BYTES_MAX = 1 << 20;
const LOGIN_WITHIN_MS = 60_000;

/** Rejects with LoginError or GatewayRefused. */
export async function openSession(gateway: Gateway, asked: Asked): Promise<GatewaySession> {
  const connection = await connectUpstream(gateway.upstream, "tls");
  const { socket } = connection;
  const timer = setTimeout(() => socket.destroy(), LOGIN_WITHIN_MS);
  try {
    if (!(socket instanceof TLSSocket) || !socket.authorized)
      throw new LoginError("08006", "the gateway's certificate was not verified");
    const peer = new Peer(socket, "upstream");
    const frames = new FrameStream(peer, SERVER_TYPES, FRAME_BYTES_MAX);
    peer.write(
      encodeStartupMessage(asked.version, [
        ["user", utf8(gateway.login)],
        ["database", utf8(gateway.database)],
        ...asked.parameters,
      ]),
    );
    await authenticate(peer, frames, asked.token);
    return { connection, ...(await untilReady(frames)) };
  } catch (error) {
    socket.destroy();
    throw error instanceof PeerGone ? new LoginError("08006", "the gateway closed the connection", LOOK) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Start-up parameters are bytes, one a character. */
const utf8 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

const LOOK = "Its own log and records say why.";

async function authenticate(peer: Peer, frames: FrameStream, token: string): Promise<void> {
  for (;;) {
    const frame = await frames.next();
    if (frame.type === "E") throw new GatewayRefused(frame.bytes);
    if (frame.type === "N") continue;
    const request = frame.type === "R" ? decodeAuthentication(frame.body) : null;
    if (request?.method === "ok") return;
    if (request?.method === "cleartext") peer.write(encodePassword(Buffer.from(token)));
    else if (request?.method === "sasl" && request.mechanisms.includes(OAUTHBEARER)) peer.write(bearer(token));
    // Its error in JSON, which the ErrorResponse after it says in words.
    else if (request?.method === "saslContinue") peer.write(new FrameWriter("p").bytes(DUMMY).finish());
    else throw new LoginError("28000", "the gateway asks for something else than a token", ASKS);
  }
}

const ASKS = "This login is proved by a password or a certificate there; log in to it directly.";

/** RFC 7628 section 3.1. */
function bearer(token: string): Buffer {
  return encodeSaslInitialResponse({
    mechanism: OAUTHBEARER,
    data: Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`),
  });
}

async function untilReady(frames: FrameStream): Promise<Omit<GatewaySession, "connection">> {
  const greeting: Buffer[] = [];
  let key: CancelKey | null = null;
  for (;;) {
    const frame = await frames.next();
    if (frame.type === "E") throw new GatewayRefused(frame.bytes);
    if (frame.type === "K") key = decodeBackendKeyData(frame.body);
    else greeting.push(frame.bytes);
    if (frame.type === "Z") return { greeting: Buffer.concat([...greeting, frames.release()]), key };
  }
}
