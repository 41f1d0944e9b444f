// Proves a client's login to us, where we are its server: SCRAM-SHA-256, with channel binding over TLS.
import { createHmac } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import type { Random } from "../runtime/random.ts";
import { encodeAuthentication } from "../wire/postgres/authentication.ts";
import { decodeSaslInitialResponse } from "../wire/postgres/password-message.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { isCalled } from "./client-certificate.ts";
import type { ClientSide } from "./conversation.ts";
import type { Brokered, ClientSecret } from "./credentials.ts";
import { LoginError } from "./login-error.ts";
import type { Proof } from "./proof.ts";
import { ITERATIONS_DEFAULT, KEY_BYTES, makeVerifier, type ScramVerifier } from "./scram-keys.ts";
import { ScramServer } from "./scram-server.ts";
import { LOCAL_ADDRESS } from "./startup.ts";
import { provedByToken } from "./token-login.ts";
import { nextClientAnswer } from "./upstream-frame.ts";

const SALT_BYTES = 16;

/** Ends when the login is proved; AuthenticationOk has not been sent. Rejects with LoginError 28P01 otherwise. */
export async function authenticateClient(client: ClientSide, credentials: Brokered, random: Random): Promise<Proof> {
  const { user, login, address } = client.startup;
  if (user === "") throw new LoginError("28000", "no PostgreSQL user name specified in startup packet");
  const named = client.certificate === null ? null : (credentials.certificates?.(client.certificate, login) ?? null);
  if (named !== null) return { by: "certificate", principal: named };
  const secret = credentials.clients(login);
  if (secret?.kind === "token") return provedByToken(client, secret);
  if (secret?.kind === "certificate") return provedByCertificate(client, secret.name);
  if (secret?.kind === "trustLoopback") {
    if (isLocal(address)) return { by: "loopback" };
    const hint = "Give this login a password in Weir's configuration.";
    throw new LoginError("28000", `login "${login}" is trusted from loopback addresses only`, hint);
  }
  const verifier = await verifierOf(secret, saltFor(user, credentials));
  const proved = await exchange(client, new ScramServer(verifier, client.tls?.endPoint ?? null, random));
  if (!proved) throw new LoginError("28P01", `password authentication failed for user "${login}"`);
  return { by: "password", local: isLocal(address) };
}

async function exchange(client: ClientSide, scram: ScramServer): Promise<boolean> {
  client.peer.write(encodeAuthentication({ method: "sasl", mechanisms: scram.mechanisms }));
  const { mechanism, data } = decodeSaslInitialResponse((await nextClientAnswer(client)).body);
  if (data === null) throw new WireError("the client sent no first SCRAM message");
  client.peer.write(encodeAuthentication({ method: "saslContinue", data: scram.first(mechanism, data) }));
  const final = scram.final((await nextClientAnswer(client)).body);
  if (final !== null) client.peer.write(encodeAuthentication({ method: "saslFinal", data: final }));
  return final !== null;
}

async function verifierOf(secret: ProvableSecret | undefined, salt: Buffer): Promise<ScramVerifier> {
  if (secret === undefined) return { iterations: ITERATIONS_DEFAULT, salt, storedKey: NEVER, serverKey: NEVER };
  return secret.kind === "verifier" ? secret.verifier : makeVerifier(secret.password, salt);
}

type ProvableSecret = Extract<ClientSecret, { kind: "verifier" | "password" }>;
/** No key is known whose hash this is: an unknown login is asked the same questions, and no answer is right. */
const NEVER = Buffer.alloc(KEY_BYTES);

/** The same for a login each time it asks, whether it exists or not, so that asking tells nothing. */
function saltFor(user: string, credentials: Brokered): Buffer {
  return createHmac("sha256", credentials.saltKey).update(user, "latin1").digest().subarray(0, SALT_BYTES);
}

/** PostgreSQL's clientcert: throws LoginError 28000 without a valid certificate, under VerifyFull without one for this login. */
export function demandCertificate(
  { certificate, startup }: Pick<ClientSide, "certificate" | "startup">,
  demand: "VerifyCA" | "VerifyFull",
): void {
  if (certificate === null) throw new LoginError("28000", "connection requires a valid client certificate", SHOW_ONE);
  const { login } = startup;
  if (demand === "VerifyFull" && !isCalled(certificate, login)) throw otherName(login, login);
}

const SHOW_ONE = "Connect with TLS and a certificate (sslcert, sslkey) that a CA of Weir's tls.clientCa has signed.";

function provedByCertificate({ certificate, startup }: ClientSide, name: string | null): Proof {
  if (certificate === null) throw new LoginError("28000", "connection requires a valid client certificate", SHOW_ONE);
  const { login } = startup;
  if (!isCalled(certificate, name ?? login)) throw otherName(login, name ?? login);
  return { by: "certificate", principal: null };
}

function otherName(login: string, wanted: string): LoginError {
  const hint = `The certificate must be issued to ${wanted}.`;
  return new LoginError("28000", `certificate authentication failed for user "${login}"`, hint);
}

export function isLocal(address: string): boolean {
  if (address === LOCAL_ADDRESS) return true;
  const plain = address.replace(/^::ffff:/i, "");
  return isIPv4(plain) ? plain.startsWith("127.") : isIPv6(plain) && plain === "::1";
}
