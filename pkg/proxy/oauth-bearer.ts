// SASL OAUTHBEARER where we are the server (RFC 7628; strict as PostgreSQL 18's auth-oauth.c).
import { WireError } from "../wire/postgres/wire-error.ts";

export const OAUTHBEARER = "OAUTHBEARER";

const SEPARATOR = "\x01";

/** What the client must send after the server's error, before it hears of the end. */
export const DUMMY = Buffer.from([1]);

/**
 * The token of the client's first message; null when it sends none, to be told where it can get one. Throws WireError when the message
 * is malformed; no part of it is in the error.
 */
export function bearerToken(message: Buffer): string | null {
  const text = message.toString("latin1");
  const headEnd = text.indexOf(SEPARATOR);
  const header = /^([nyp])(?:=[\w.-]+)?,([^,]*),$/.exec(text.slice(0, Math.max(headEnd, 0)));
  if (header === null) throw new WireError("the client's first OAUTHBEARER message is malformed");
  if (header[1] === "p") throw new WireError("the client asks for channel binding, which OAUTHBEARER has not");
  if (header[2] !== "") throw new WireError("the client asks for another authorization identity");
  return tokenIn(authOf(text.slice(headEnd + 1)));
}

/** Pairs `key=value`, each ended by 0x01, and one 0x01 more. */
function authOf(pairs: string): string {
  if (!pairs.endsWith(SEPARATOR + SEPARATOR)) throw new WireError("the client's OAUTHBEARER message has no end");
  let auth: string | null = null;
  for (const pair of pairs.slice(0, -2).split(SEPARATOR)) {
    const [, key, value] = /^([A-Za-z]+)=([\t\n\r\x20-\x7e]*)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) throw new WireError("a part of the OAUTHBEARER message is malformed");
    if (key !== "auth") continue;
    if (auth !== null) throw new WireError("the OAUTHBEARER message has several values of auth");
    auth = value;
  }
  if (auth === null) throw new WireError("the OAUTHBEARER message has no value of auth");
  return auth;
}

function tokenIn(auth: string): string | null {
  if (auth === "") return null;
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(auth)?.[1];
  if (token === undefined) throw new WireError("the OAUTHBEARER message holds no bearer token");
  return token;
}

/** RFC 7628 section 3.2.2: what was wrong, and where a token comes from. */
export function bearerError(discovery: string, scope: string): Buffer {
  return Buffer.from(JSON.stringify({ status: "invalid_token", "openid-configuration": discovery, scope }));
}
