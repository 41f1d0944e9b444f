// A login that a token proves: as the password, or by SASL OAUTHBEARER. Never over a connection that others could read.
import type { RefusedToken } from "../identity/refused-token.ts";
import type { VerifiedToken } from "../identity/verifier.ts";
import type { Principal } from "../principal/principal.ts";
import { encodeAuthentication } from "../wire/postgres/authentication.ts";
import { decodePassword, decodeSaslInitialResponse } from "../wire/postgres/password-message.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import type { ClientSide } from "./conversation.ts";
import { LoginError } from "./login-error.ts";
import { bearerError, bearerToken, DUMMY, OAUTHBEARER } from "./oauth-bearer.ts";
import type { Proof } from "./proof.ts";
import { LOCAL_ADDRESS } from "./startup.ts";
import { nextClientAnswer } from "./upstream-frame.ts";

export interface TokenSecret {
  readonly kind: "token";
  readonly ask: "Password" | "OAuthBearer";
  readonly tokens: TokenLogin;
  /** Whether the principal of a token may use this login. */
  readonly accepts: (principal: Principal) => boolean;
}

export interface TokenLogin {
  readonly verify: (token: string) => Promise<VerifiedToken | RefusedToken>;
  /** Where a client finds out how to get a token, and what to ask for. */
  readonly discovery: string;
  readonly scope: string;
}

/** Rejects with LoginError 28000 or 28P01. */
export async function provedByToken(client: ClientSide, secret: TokenSecret): Promise<Proof> {
  if (client.tls === null && client.startup.address !== LOCAL_ADDRESS) {
    const hint = "Connect with sslmode=verify-full, or require at the least; the token was not asked for.";
    throw new LoginError("28000", "this login is proved by a token, which Weir takes over TLS only", hint, {
      why: "token plaintext",
    });
  }
  return secret.ask === "Password" ? byPassword(client, secret) : byBearer(client, secret);
}

async function byPassword(client: ClientSide, secret: TokenSecret): Promise<Proof> {
  client.peer.write(encodeAuthentication({ method: "cleartext" }));
  const token = decodePassword((await nextClientAnswer(client)).body)
    .toString("latin1")
    .trim();
  const found = await judged(token, client, secret);
  if (found.ok) return { by: "token", identity: found.identity };
  throw refusedLogin("28P01", client, found);
}

async function byBearer(client: ClientSide, secret: TokenSecret): Promise<Proof> {
  client.peer.write(encodeAuthentication({ method: "sasl", mechanisms: [OAUTHBEARER] }));
  const { mechanism, data } = decodeSaslInitialResponse((await nextClientAnswer(client)).body);
  if (mechanism !== OAUTHBEARER) throw new WireError("the client chose a SASL mechanism that was not offered");
  const token = bearerToken(data ?? (await afterNothing(client)));
  const found = token === null ? null : await judged(token, client, secret);
  if (found?.ok === true) return { by: "token", identity: found.identity };
  const { discovery, scope } = secret.tokens;
  client.peer.write(encodeAuthentication({ method: "saslContinue", data: bearerError(discovery, scope) }));
  if (!(await nextClientAnswer(client)).body.equals(DUMMY))
    throw new WireError("the client did not answer the OAUTHBEARER error as it must");
  throw found === null ? noToken(client) : refusedLogin("28000", client, found);
}

/** A client that sends no initial response is asked for its first message by an empty challenge. */
async function afterNothing(client: ClientSide): Promise<Buffer> {
  client.peer.write(encodeAuthentication({ method: "saslContinue", data: Buffer.alloc(0) }));
  return (await nextClientAnswer(client)).body;
}

async function judged(
  token: string,
  client: ClientSide,
  { tokens, accepts }: TokenSecret,
): Promise<VerifiedToken | RefusedToken | NotThisLogin> {
  const found = await tokens.verify(token);
  if (!found.ok || accepts(found.principal)) return found;
  const hint = "Connect with the login that is the token's own name, or have the login listed in identities.";
  return { ok: false, reason: "login", message: `it is not for the login "${client.startup.login}"`, hint };
}

interface NotThisLogin {
  readonly ok: false;
  readonly reason: "login";
  readonly message: string;
  readonly hint: string;
}

function refusedLogin(sqlstate: string, { startup }: ClientSide, refused: RefusedToken | NotThisLogin): LoginError {
  const message = `token authentication failed for user "${startup.login}": ${refused.message}`;
  return new LoginError(sqlstate, message, refused.hint, { why: `token ${refused.reason}` });
}

function noToken({ startup }: ClientSide): LoginError {
  const hint = "The client was told where it can get one.";
  return new LoginError("28000", `user "${startup.login}" sent no token`, hint, { why: "token missing" });
}
