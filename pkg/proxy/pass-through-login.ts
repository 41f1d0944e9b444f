// The client's own login, relayed: the server decides, we only take channel binding out of the way (docs/design.md section 8).
import { TLSSocket } from "node:tls";
import { type Authentication, decodeAuthentication, encodeAuthentication } from "../wire/postgres/authentication.ts";
import { decodeNegotiateProtocolVersion } from "../wire/postgres/negotiate-protocol-version.ts";
import { decodePassword, decodeSaslInitialResponse } from "../wire/postgres/password-message.ts";
import { encodeStartupMessage } from "../wire/postgres/startup-packet.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import type { Conversation } from "./conversation.ts";
import type { Greeted } from "./greet-server.ts";
import { LoginError } from "./login-error.ts";
import { SCRAM_PLUS } from "./scram-server.ts";
import type { Startup } from "./startup.ts";
import { authenticateUpstream } from "./upstream-authentication.ts";
import { label, nextClientAnswer, nextUpstreamFrame, unexpected } from "./upstream-frame.ts";

/** What the client asked, in its own words. */
export const relayedStartup = ({ version, parameters }: Startup): Buffer => encodeStartupMessage(version, parameters);

/** Ends when the server has accepted the login and the client knows. Returns the protocol version that both go on with. */
export async function passThroughLogin({ talk, negotiated, request }: Greeted<Conversation>): Promise<number> {
  const { startup, peer: client } = talk.client;
  if (decodeAuthentication(request.body).method === "ok" && showedCertificate(talk)) throw nothingProved(talk);
  if (negotiated !== null) client.write(negotiated.bytes);
  for (let frame = request; ; frame = await nextUpstreamFrame(talk)) {
    if (frame.type !== "R") throw unexpected(talk, frame);
    if (await relayRequest(talk, decodeAuthentication(frame.body), frame.bytes)) break;
  }
  if (negotiated === null) return startup.version;
  return Math.min(startup.version, decodeNegotiateProtocolVersion(negotiated.body).version);
}

/** Our certificate may be all that the server asks for: whoever names its login would be let in as if it were theirs. */
function showedCertificate({ upstream: { connection } }: Conversation): boolean {
  const { tls } = connection.address.upstream;
  return connection.encrypted && tls.mode !== "disable" && tls.clientCertificate !== undefined;
}

const nothingProved = (talk: Conversation): LoginError =>
  new LoginError(
    "28000",
    `${label(talk)} asks for no proof of this login beside Weir's own certificate`,
    `${BROKERED} With PassThrough, use a method such as scram-sha-256 with clientcert=verify-ca in the server's pg_hba.conf.`,
  );

/** True when the client has been told that it is logged in. */
async function relayRequest(talk: Conversation, request: Authentication, frame: Buffer): Promise<boolean> {
  switch (request.method) {
    case "sasl":
      return startSasl(talk, request.mechanisms);
    case "other":
      throw new LoginError(
        "28000",
        `${label(talk)} asks for Kerberos, GSSAPI or SSPI authentication, which cannot be relayed`,
        "Use the method scram-sha-256 in the server's pg_hba.conf, or credentials of mode Brokered.",
      );
    default:
      talk.client.peer.write(frame);
  }
  if (request.method === "ok") return true;
  if (request.method !== "saslFinal") talk.upstream.peer.write((await nextClientAnswer(talk.client)).bytes);
  return false;
}

/** True when the exchange could not be relayed and we logged in ourselves. */
async function startSasl(talk: Conversation, offered: readonly string[]): Promise<boolean> {
  const struck = offered.includes(SCRAM_PLUS) && !sharesCertificate(talk);
  const mechanisms = struck ? offered.filter((mechanism) => mechanism !== SCRAM_PLUS) : offered;
  if (mechanisms.length === 0) {
    throw new LoginError("28000", `${label(talk)} demands SCRAM channel binding, which cannot be relayed`, BROKERED);
  }
  talk.client.peer.write(encodeAuthentication({ method: "sasl", mechanisms }));
  const answer = await nextClientAnswer(talk.client);
  const { mechanism, data } = decodeSaslInitialResponse(answer.body);
  if (!mechanisms.includes(mechanism)) throw new WireError("the client chose a SASL mechanism that was not offered");
  if (struck && data?.toString("latin1", 0, 1) === "y") {
    await logInWithPassword(talk, offered);
    return true;
  }
  talk.upstream.peer.write(answer.bytes);
  return false;
}

const BROKERED = "Use credentials of mode Brokered in the GovernedDatabase.";

/**
 * The client said that it could bind the channel but was not offered to. The server, which did offer it, would take
 * that for an attack, and the client's signature covers it: so ask for the password and log in ourselves.
 */
async function logInWithPassword(talk: Conversation, mechanisms: readonly string[]): Promise<void> {
  const { client } = talk;
  if (client.tls === null) {
    throw new LoginError(
      "28000",
      "the client asks for SCRAM channel binding on an unencrypted connection",
      `Connect to Weir with TLS, set channel_binding=disable in the client, or: ${BROKERED}`,
    );
  }
  client.peer.write(encodeAuthentication({ method: "cleartext" }));
  const password = decodePassword((await nextClientAnswer(client)).body);
  await authenticateUpstream(talk, { method: "sasl", mechanisms }, { user: client.startup.user, password });
  client.peer.write(encodeAuthentication({ method: "ok" }));
}

/** With the server's own certificate the client binds to the same value, so that nothing needs to be struck. */
function sharesCertificate(talk: Conversation): boolean {
  const { socket } = talk.upstream.connection;
  const theirs = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
  return theirs !== undefined && talk.client.tls?.der.equals(theirs) === true;
}
