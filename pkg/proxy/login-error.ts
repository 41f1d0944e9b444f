// Why a login ended: an error for the client, or a peer that went away.
import { encodeError } from "../wire/postgres/error-fields.ts";

/** Ends the login with a FATAL ErrorResponse of ours. The message names what is wrong, the hint what to do; no secrets. */
export class LoginError extends Error {
  readonly sqlstate: string;
  readonly hint: string | undefined;

  constructor(sqlstate: string, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.sqlstate = sqlstate;
    this.hint = hint;
  }
}

/** A peer closed or lost its connection. */
export class PeerGone extends Error {
  readonly peer: "client" | "upstream";

  constructor(peer: "client" | "upstream") {
    super(`the ${peer} closed its connection during login`);
    this.peer = peer;
  }
}

/** The server itself refused; its ErrorResponse has been given to the client unchanged. */
export class UpstreamRefused extends Error {
  readonly sqlstate: string;

  constructor(sqlstate: string) {
    super(`the database server refused the login (${sqlstate})`);
    this.sqlstate = sqlstate;
  }
}

export function fatalError(sqlstate: string, message: string, hint?: string): Buffer {
  const hintFields: [string, string][] = hint === undefined ? [] : [["H", hint]];
  return encodeError([["S", "FATAL"], ["V", "FATAL"], ["C", sqlstate], ["M", message], ...hintFields]);
}
