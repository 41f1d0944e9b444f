// Why a login ended: an error for the client, or a peer that went away.

import { encodeError } from "../wire/postgres/error-fields.ts";
import { majorOf, minorOf } from "../wire/postgres/protocol-version.ts";

/** Ends the login with a FATAL ErrorResponse of ours. The message names what is wrong, the hint what to do; no secrets. */
export class LoginError extends Error {
  readonly sqlstate: string;
  readonly hint: string | undefined;
  /** For the record, in fixed words; "" where the SQLSTATE says enough. */
  readonly why: string;

  constructor(sqlstate: string, message: string, hint?: string, options?: ErrorOptions & { readonly why?: string }) {
    super(message, options);
    this.sqlstate = sqlstate;
    this.hint = hint;
    this.why = options?.why ?? "";
  }
}

/** The client speaks another major version of the protocol. */
export class UnsupportedProtocol extends Error {
  readonly sqlstate = "0A000";
  /** What it gets: before version 3 an error was the letter E and a line of text. */
  readonly words: Buffer;

  /** `version` as the client sent it; the text is PostgreSQL's own. */
  constructor(version: number) {
    super(`unsupported frontend protocol ${majorOf(version)}.${minorOf(version)}: server supports 3.0 to 3.2`);
    const isOld = version !== 0 && majorOf(version) < 3;
    const old = Buffer.from(`EFATAL:  ${this.message}\n\0`);
    this.words = isOld ? old : fatalError(this.sqlstate, this.message);
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
