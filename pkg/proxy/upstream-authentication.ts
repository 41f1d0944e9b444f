// Proves a password to the server, where we are its client.
import { createHash } from "node:crypto";
import { TLSSocket } from "node:tls";
import { serialize } from "pg-protocol";
import { type Authentication, decodeAuthentication } from "../wire/postgres/authentication.ts";
import { encodePassword } from "../wire/postgres/password-message.ts";
import { serverEndPoint } from "./channel-binding.ts";
import type { UpstreamTalk } from "./conversation.ts";
import { LoginError } from "./login-error.ts";
import { type ChannelBinding, ScramClient, ScramError } from "./scram-client.ts";
import { SCRAM, SCRAM_PLUS } from "./scram-server.ts";
import { label, nextUpstreamFrame, unexpected } from "./upstream-frame.ts";

export interface UpstreamLogin {
  readonly user: string;
  readonly password: Buffer;
}

/** Answers `request` and what follows, until AuthenticationOk. Rejects as `nextUpstreamFrame`, or with LoginError 28000. */
export async function authenticateUpstream(
  talk: UpstreamTalk,
  request: Authentication,
  login: UpstreamLogin,
): Promise<void> {
  switch (request.method) {
    case "ok":
      return;
    case "cleartext":
      assertTrusted(talk);
      talk.upstream.peer.write(encodePassword(login.password));
      return expectOk(talk);
    case "md5":
      assertTrusted(talk);
      talk.upstream.peer.write(encodePassword(md5Password(login, request.salt)));
      return expectOk(talk);
    case "sasl":
      return scram(talk, request.mechanisms, login.password);
    default:
      throw new LoginError(
        "28000",
        `${label(talk)} asks for a kind of authentication that Weir does not speak`,
        REMEDY,
      );
  }
}

/** SCRAM proves the password without telling it; cleartext and md5 hand it to whoever answers at the address. */
function assertTrusted(talk: UpstreamTalk): void {
  const { socket } = talk.upstream.connection;
  const address = socket.remoteAddress;
  const isHere = address === undefined || /^(127\.|::1$|::ffff:127\.)/.test(address);
  if (isHere || (socket instanceof TLSSocket && socket.authorized)) return;
  throw new LoginError(
    "28000",
    `${label(talk)} asks for the password itself, and who it is has not been verified`,
    VERIFY,
  );
}

const VERIFY =
  "Give this login the method scram-sha-256 in the server's pg_hba.conf, or the GovernedDatabase tls.mode VerifyFull.";
const REMEDY = "Give this login the method scram-sha-256 in the server's pg_hba.conf.";

async function scram(talk: UpstreamTalk, mechanisms: readonly string[], password: Buffer): Promise<void> {
  const binding = channelBinding(talk, mechanisms.includes(SCRAM_PLUS));
  if (binding.kind !== "bound" && !mechanisms.includes(SCRAM)) {
    throw new LoginError("28000", `${label(talk)} offers no SASL mechanism that Weir speaks`, REMEDY);
  }
  const client = new ScramClient(password, binding, talk.random);
  try {
    talk.upstream.peer.write(serialize.sendSASLInitialResponseMessage(client.mechanism, client.first().toString()));
    const challenge = await expect(talk, "saslContinue");
    const answer = await client.final(challenge.data);
    talk.upstream.peer.write(serialize.sendSCRAMClientFinalMessage(answer.toString()));
    client.verify((await expect(talk, "saslFinal")).data);
  } catch (cause) {
    if (!(cause instanceof ScramError)) throw cause;
    throw new LoginError("28000", `${label(talk)} failed to prove itself: ${cause.message}`, REMEDY, { cause });
  }
  return expectOk(talk);
}

function channelBinding(talk: UpstreamTalk, offered: boolean): ChannelBinding {
  const { socket } = talk.upstream.connection;
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  const endPoint = certificate === undefined ? null : serverEndPoint(certificate);
  if (endPoint === null) return { kind: "unsupported" };
  return offered ? { kind: "bound", endPoint } : { kind: "notOffered" };
}

async function expectOk(talk: UpstreamTalk): Promise<void> {
  await expect(talk, "ok");
}

async function expect<M extends Authentication["method"]>(
  talk: UpstreamTalk,
  method: M,
): Promise<Extract<Authentication, { method: M }>> {
  const frame = await nextUpstreamFrame(talk);
  const request = frame.type === "R" ? decodeAuthentication(frame.body) : null;
  if (request?.method !== method) throw unexpected(talk, frame);
  return request as Extract<Authentication, { method: M }>;
}

/** "md5" and md5(md5(password, user), salt), each in hex: PostgreSQL's AuthenticationMD5Password. */
function md5Password(login: UpstreamLogin, salt: Buffer): Buffer {
  const md5 = (data: Buffer) => createHash("md5").update(data).digest("hex");
  const inner = md5(Buffer.concat([login.password, Buffer.from(login.user, "latin1")]));
  return Buffer.from(`md5${md5(Buffer.concat([Buffer.from(inner), salt]))}`);
}
