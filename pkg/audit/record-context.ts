// The parts of a session's records that stay the same from one to the next, encoded once. The outcome of a statement needs them too,
// though its event does not carry them: after a crash they are read back from the decision's own record.
import type { Principal } from "../principal/principal.ts";
import { claimsJson, endpointOf, userOf, whoOf } from "./actor.ts";
import { boundedName } from "./bounded-text.ts";
import { canonicalJson, canonicalString } from "./canonical-json.ts";
import { lasting } from "./lasting-bytes.ts";

export interface RecordContext {
  /** Canonical JSON of the OCSF user. */
  readonly user: Buffer;
  /** From the actor's value to that of the database: what lies between is the same in every record of a statement. */
  readonly actorToDatabase: Buffer;
  readonly database: Buffer;
  readonly source: Buffer;
  readonly claims: Buffer;
  readonly who: Buffer;
  /** The session's name escaped for JSON, without quotes. */
  readonly session: Buffer;
  /** UTF-8 bytes of what a record of the session holds of all this, each once. */
  readonly bytes: number;
}

/** OCSF Datastore Activity (6005) in System Activity (6). */
const DATASTORE_ACTIVITY = `"category_uid":6,"class_uid":6005`;

export interface SessionParts {
  readonly session: string;
  readonly principal: Principal | null;
  readonly database: string;
  readonly client: string;
  readonly application: string | null;
  readonly serverDatabase: string | null;
}

/** OCSF database type 1: relational. */
const RELATIONAL = 1;

export function contextOf(parts: SessionParts): RecordContext {
  return encoded({
    user: canonicalJson(userOf(parts.principal)),
    database: canonicalJson({ name: boundedName(parts.database) || "unknown", type_id: RELATIONAL }),
    source: canonicalJson(endpointOf(parts.client)),
    claims: claimsJson(parts.application, parts.serverDatabase),
    who: canonicalJson(whoOf(parts.principal)),
    session: escaped(parts.session),
  });
}

type ContextTexts = Readonly<Record<"user" | "database" | "source" | "claims" | "who" | "session", string>>;

function encoded({ user, database, source, claims, who, session }: ContextTexts): RecordContext {
  const actor = `{"user":${user}}`;
  return {
    user: lasting(user),
    actorToDatabase: lasting(`${actor},${DATASTORE_ACTIVITY},"database":${database}`),
    database: lasting(database),
    source: lasting(source),
    claims: lasting(claims),
    who: lasting(who),
    session: lasting(session),
    bytes: Buffer.byteLength(`${actor}${database}${source}${claims}${who}${session}`),
  };
}

export function escaped(name: string): string {
  return canonicalString(boundedName(name)).slice(1, -1);
}

/** For an outcome whose decision is not known any more. */
export function unknownContext(session: string): RecordContext {
  return contextOf({ session, principal: null, database: "", client: "", application: null, serverDatabase: null });
}

/** The members of an OCSF event that an outcome repeats. */
export interface EndpointParts {
  readonly actor?: unknown;
  readonly database?: unknown;
  readonly src_endpoint?: unknown;
  readonly activity_id?: unknown;
}

/** The context of a decision that was read back from its record. */
export function contextOfRecord(record: EndpointParts, session: string): RecordContext {
  const { actor, database, src_endpoint: source } = record;
  const user = (actor as { readonly user?: unknown } | null | undefined)?.user;
  return encoded({
    user: canonicalJson(user === undefined ? userOf(null) : user),
    database: canonicalJson(database === undefined ? { name: "unknown", type_id: RELATIONAL } : database),
    source: canonicalJson(source === undefined ? endpointOf("") : source),
    claims: claimsJson(null, null),
    who: canonicalJson(whoOf(null)),
    session: escaped(session),
  });
}
