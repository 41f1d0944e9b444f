// What a login needs to know and to be handed.
import type { Random } from "../runtime/random.ts";
import type { CancelRegistry } from "./cancel-registry.ts";
import type { Credentials } from "./credentials.ts";
import type { Proof } from "./proof.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import type { Slots } from "./slots.ts";
import type { Startup } from "./startup.ts";
import type { Upstream } from "./upstream.ts";

export type Admission =
  | { readonly admit: true }
  | { readonly admit: false; readonly sqlstate: string; readonly message: string; readonly hint?: string };

export interface LoginOptions {
  readonly upstream: Upstream;
  readonly credentials: Credentials;
  /** Asked at each login, so that a renewed certificate counts at once; null answers SSLRequest with N. */
  readonly certificate: () => ServingCertificate | null;
  /** Refuse clients that do not encrypt, with FATAL 28000. */
  readonly requireTls?: boolean;
  /** Beside whatever else proves the login: a valid certificate of the client, under VerifyFull one for this login. */
  readonly clientCertificate?: "VerifyCA" | "VerifyFull";
  /** Clients come over a unix socket: no TLS is offered or demanded, as with PostgreSQL. */
  readonly local?: boolean;
  /**
   * Asked before anything reaches the server: without a proof before the client proves anything to us, and with it where it has, or
   * where the server itself will judge the login.
   */
  readonly admit: (startup: Startup, proof: Proof | null) => Admission | Promise<Admission>;
  /**
   * Statements that set the server's session before the client may use it; null, or absent: it is not even asked whether it is a session
   * of the server itself. Asked when the server has let the login in; may throw LoginError.
   */
  readonly prepare?: (startup: Startup) => readonly string[] | null;
  readonly cancels: CancelRegistry;
  /** One is taken for the life of the client's connection; FATAL 53300 when there is none. */
  readonly sessions: Slots;
  readonly random: Random;
  /** PostgreSQL's authentication_timeout, 60 s when not given. */
  readonly timeLimitMs?: number;
  /** What the client gets in place of a NoticeResponse or ErrorResponse frame of the server; unchanged when not given. */
  readonly serverText?: (frame: Buffer, startup: Startup) => Buffer | null;
}
