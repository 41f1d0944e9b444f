// Permits: a frame reaches the upstream only with one, and only this package makes them (docs/design.md section 5).

declare const brand: unique symbol;

/** Why bytes may go upstream. `decided`: a policy decision allowed the statement. The rest is the closed list of what Weir injects itself. */
export type PermitKind =
  | "decided"
  | "protocol" // frames that run nothing: Sync, Flush, Close, Terminate, CopyDone, CopyFail, CopyData of a decided COPY
  | "raise" // what stands in for something refused
  | "aborted" // a refused Bind or Execute in a transaction that has failed: the server itself answers 25P02
  | "inspect" // Parse and Describe of a statement that lineage allows, of a relation that it names, or of our own that names what is absent, to hear the server's own opinion
  | "describe" // Describe of a decided statement or portal
  | "catalog" // the catalogue and resolution queries, fixed texts
  | "resume" // Execute with a row limit of ours, ROLLBACK in front of a refused COMMIT
  | "own" // what the server gets in the place of a statement that is meant for Weir: SHOW of another setting, an identity without its token
  | "session" // the role and the settings that are pinned for the session, fixed by configuration and by who asks
  | "login"; // start-up of a session whose principal is known

export interface Permit {
  readonly [brand]: true;
  readonly kind: PermitKind;
}

function make(kind: PermitKind): Permit {
  return Object.freeze({ kind }) as Permit;
}

/** Only `decide` calls this. */
export const decidedPermit = make("decided");
/** Permits of Weir's own frames, by kind. */
export const ownPermit: Readonly<Record<Exclude<PermitKind, "decided">, Permit>> = Object.freeze({
  protocol: make("protocol"),
  raise: make("raise"),
  aborted: make("aborted"),
  inspect: make("inspect"),
  describe: make("describe"),
  catalog: make("catalog"),
  resume: make("resume"),
  own: make("own"),
  session: make("session"),
  login: make("login"),
});
