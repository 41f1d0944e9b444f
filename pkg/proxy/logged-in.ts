// What comes out of a login: a session that may begin, or why there is none.
import type { Socket } from "node:net";
import type { CancelRegistration } from "./cancel-registry.ts";
import type { Proof } from "./proof.ts";
import type { CancelTarget } from "./send-cancel.ts";
import type { Startup } from "./startup.ts";

/**
 * A client that may send statements. Both sockets are paused and have no listeners of ours but one that ignores errors;
 * what arrived behind the login is in `clientLeft` and `upstreamLeft`. Either may have ended meanwhile
 * (`readableEnded`, `destroyed`): no further event tells so.
 */
export interface LoggedIn {
  readonly outcome: "loggedIn";
  readonly client: Socket;
  readonly upstream: Socket;
  readonly startup: Startup;
  readonly proof: Proof;
  /** The protocol version agreed on with the client. */
  readonly version: number;
  /** The server's reported settings so far, to be kept up by the query phase; latin1. */
  readonly parameters: Map<string, string>;
  /** Process id of the server's backend; 0 when it is not known. */
  readonly backendPid: number;
  /** The login on the server: the client's own, or in Brokered mode ours. */
  readonly upstreamUser: string;
  readonly clientEncrypted: boolean;
  readonly upstreamEncrypted: boolean;
  /** For `sendCancel`; null when the server gave no key. */
  readonly cancelTarget: CancelTarget | null;
  /** The client's key, forgotten when the client's socket closes. */
  readonly cancelRegistration: CancelRegistration | null;
  readonly clientLeft: Buffer;
  readonly upstreamLeft: Buffer;
}

/** A connection that never became a session; the client has been told and its socket is closed or closing. */
export interface LoginEnded {
  readonly outcome: "ended";
  readonly why: "cancelRequest" | "refusedByUs" | "refusedByServer" | "clientLeft" | "malformed" | "timeLimit";
  /** SQLSTATE given to the client; null when none was. */
  readonly sqlstate: string | null;
  /** For the log: no secrets. */
  readonly reason: string;
  /** For the record, in fixed words, such as `token expired`; "" where nothing is to be added. */
  readonly detail: string;
}
