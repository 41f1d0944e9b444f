// One client of the local end, from its first byte to the point where bytes only pass.
import type { Socket } from "node:net";
import type { CancelRegistry } from "../../../pkg/proxy/cancel-registry.ts";
import { type ClientStart, ClientStartup } from "../../../pkg/proxy/client-startup.ts";
import { FrameStream } from "../../../pkg/proxy/frame-stream.ts";
import { LoginError } from "../../../pkg/proxy/login-error.ts";
import { Peer } from "../../../pkg/proxy/peer.ts";
import type { ScramVerifier } from "../../../pkg/proxy/scram-keys.ts";
import { ScramServer } from "../../../pkg/proxy/scram-server.ts";
import { sendCancel } from "../../../pkg/proxy/send-cancel.ts";
import { endSocket } from "../../../pkg/proxy/sockets.ts";
import type { Random } from "../../../pkg/runtime/random.ts";
import { encodeAuthentication } from "../../../pkg/wire/postgres/authentication.ts";
import { encodeBackendKeyData } from "../../../pkg/wire/postgres/backend-key-data.ts";
import { encodeNegotiateProtocolVersion } from "../../../pkg/wire/postgres/negotiate-protocol-version.ts";
import { CLIENT_LOGIN_TYPES, decodeSaslInitialResponse } from "../../../pkg/wire/postgres/password-message.ts";
import { PROTOCOL_3_2 } from "../../../pkg/wire/postgres/protocol-version.ts";
import type { StartupMessage } from "../../../pkg/wire/postgres/startup-packet.ts";
import { WireError } from "../../../pkg/wire/postgres/wire-error.ts";
import type { TokenSource } from "../login/token-source.ts";
import { type Gateway, type GatewaySession, openSession } from "./gateway-session.ts";

export interface Serving {
  readonly gateway: Gateway;
  readonly tokens: TokenSource;
  /** Of the password of this run; null: whoever reaches the socket is this user. */
  readonly verifier: ScramVerifier | null;
  readonly random: Random;
  readonly cancels: CancelRegistry;
}

const LOGIN_FRAME_BYTES_MAX = 64 * 1024;

/** Resolves once bytes pass, or a cancel is done. Rejects with what ends the login. */
export async function serveClient(socket: Socket, serving: Serving): Promise<void> {
  const startup = new ClientStartup(socket, null, (from) => new Peer(from, "client"));
  const start = await startup.run();
  if (start.kind === "cancelRequest") {
    await serving.cancels.cancel(start.key);
    return endSocket(socket);
  }
  const frames = new FrameStream(startup.peer, CLIENT_LOGIN_TYPES, LOGIN_FRAME_BYTES_MAX, start.left);
  const version = negotiate(startup.peer, start.message);
  if (serving.verifier !== null) await prove(startup.peer, frames, serving.verifier, serving.random);
  const session = await openSession(serving.gateway, {
    version,
    parameters: parametersOf(start, serving.gateway),
    token: await serving.tokens.token(),
  });
  join(socket, frames.release(), session, version, serving.cancels);
}

/** The version to go on with. */
function negotiate(peer: Peer, { version, parameters }: StartupMessage): number {
  const options = parameters.map(([name]) => name).filter((name) => name.startsWith("_pq_."));
  if (version > PROTOCOL_3_2 || options.length > 0)
    peer.write(encodeNegotiateProtocolVersion({ version: PROTOCOL_3_2, options }));
  return Math.min(version, PROTOCOL_3_2);
}

async function prove(peer: Peer, frames: FrameStream, verifier: ScramVerifier, random: Random): Promise<void> {
  const scram = new ScramServer(verifier, null, random);
  peer.write(encodeAuthentication({ method: "sasl", mechanisms: scram.mechanisms }));
  const { mechanism, data } = decodeSaslInitialResponse((await frames.next()).body);
  if (data === null) throw new WireError("the client sent no first SCRAM message");
  peer.write(encodeAuthentication({ method: "saslContinue", data: scram.first(mechanism, data) }));
  const final = scram.final((await frames.next()).body);
  if (final === null) throw new LoginError("28P01", "wrong password for this port", PASSWORD);
  peer.write(encodeAuthentication({ method: "saslFinal", data: final }));
}

const PASSWORD = "Use the one that this run of weir connect has printed; the next run has another.";

/** Whom the client asks for must be what this port is for: nobody should believe to be somebody else. */
function parametersOf({ message }: Extract<ClientStart, { kind: "startup" }>, { login, database }: Gateway) {
  const { parameters } = message;
  const last = (wanted: string) => parameters.findLast(([name]) => name === wanted)?.[1];
  const [user, asked] = [last("user") ?? "", last("database")];
  const text = (value: string) => Buffer.from(value, "latin1").toString("utf8");
  if (text(user) !== login)
    throw new LoginError(
      "28000",
      `this port logs in as "${login}" only`,
      "Take user and database as weir connect has printed them.",
    );
  if (asked !== undefined && text(asked) !== database)
    throw new LoginError(
      "3D000",
      `this port is for the database "${database}" only`,
      "Run weir connect for the other one.",
    );
  return parameters.filter(([name]) => name !== "user" && name !== "database" && !name.startsWith("_pq_."));
}

const KEY_BYTES = { short: 4, long: 32 } as const;

function join(
  client: Socket,
  ahead: Buffer,
  { connection, greeting, key }: GatewaySession,
  version: number,
  cancels: CancelRegistry,
): void {
  const upstream = connection.socket;
  client.write(encodeAuthentication({ method: "ok" }));
  if (key !== null) {
    const secretBytes = version >= PROTOCOL_3_2 ? KEY_BYTES.long : KEY_BYTES.short;
    const cancel = () => sendCancel({ address: connection.address, key });
    const registration = cancels.register(key.processId, secretBytes, cancel);
    client.once("close", () => registration.release());
    client.write(encodeBackendKeyData(registration.key));
  }
  client.write(greeting);
  if (ahead.length > 0) upstream.write(ahead);
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.once("close", () => (from.readableEnded ? to.destroySoon() : to.destroy()));
    from.pipe(to);
  }
  if (client.destroyed) upstream.destroy();
  else if (upstream.destroyed) client.destroySoon();
}
