// What the outside world hands to the gate. It has no clock, randomness or files of its own.
import type { CatalogStore } from "../catalog/store.ts";
import type { MaskKeys } from "../mask/keys.ts";
import type { PolicySet, SessionContext } from "../policy/rules.ts";
import type { Identity } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import type { AnalysisCache } from "./analysis-cache.ts";
import type { ClassBooks } from "./class-books.ts";
import type { Pinned } from "./pinned-settings.ts";

export interface GateClock {
  nowMs(): number;
  /** Monotonic microseconds, for durations. */
  monotonicUs(): number;
}

export interface GateOptions {
  /** Unique name of the session, in every record of it. */
  readonly session: string;
  /** Who the session is by its login: as it was then, and as it is now. */
  readonly principal: Principal;
  readonly identity: Identity;
  /** `namespace/name` of the GovernedDatabase. */
  readonly database: string;
  /** What the client calls the database of that server. */
  readonly serverDatabase: string;
  readonly context: SessionContext;
  readonly tls: boolean;
  /** What the server's session was set to at the login, for `principal`, and must stay; null: nothing. */
  readonly pinned: Pinned | null;
  /** What a token that is signed for this session alone must carry. */
  readonly nonce: string;
  /** For how long a statement may set an identity at most. */
  readonly identityScope: "Session" | "Transaction";
  /** The policies in force now; never null here: without any, the login was refused. */
  policies(): PolicySet;
  /** Shared by the sessions of one upstream database. */
  readonly catalogs: CatalogStore;
  readonly books: ClassBooks;
  readonly analyses: AnalysisCache;
  readonly maskKeys: MaskKeys | null;
  /** Keyed digest of a text that is not proven free of literals, hex. */
  digest(text: Buffer): string;
  readonly clock: GateClock;
  readonly random: { bytes(count: number): Buffer };
  /** False when the spool cannot take another record. */
  auditWritable(): boolean;
  /** ParameterStatus of the login; kept up to date by the gate. */
  readonly parameters: Map<string, string>;
  /** `Session`: a pooler is known to stand there, and to keep one backend for each session. */
  readonly pooler: "None" | "Session";
  /** Process id of the session's server backend; 0 when it is not known. */
  readonly backendPid: number;
  readonly serverMajor: number;
  readonly limits: GateLimits;
}

export interface GateLimits {
  readonly frameBytesMax: number;
  /** Client bytes that may wait behind a frame that is being decided. */
  readonly waitingBytesMax: number;
  /** How often the change probe runs in front of a statement, milliseconds. */
  readonly probeEveryMs: number;
}
