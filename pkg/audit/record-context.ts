// The parts of a session's records that stay the same from one to the next, encoded once. The outcome of a statement needs them too,
// though its event does not carry them: after a crash they are read back from the decision's own record.
import type { Principal } from "../principal/principal.ts";
import { claimsJson, endpointOf, userOf, whoOf } from "./actor.ts";
import { boundedName } from "./bounded-text.ts";
import { canonicalJson, canonicalString } from "./canonical-json.ts";

export interface RecordContext {
  /** Canonical JSON, each of its own object. */
  readonly actor: string;
  readonly database: string;
  readonly source: string;
  readonly claims: string;
  readonly who: string;
  /** The session's name escaped for JSON, without quotes. */
  readonly session: string;
  /** UTF-8 bytes of all of the above together. */
  readonly bytes: number;
}

export interface SessionParts {
  readonly session: string;
  readonly principal: Principal | null;
  readonly database: string;
  readonly client: string;
  readonly application: string | null;
}

/** OCSF database type 1: relational. */
const RELATIONAL = 1;

export function contextOf(parts: SessionParts): RecordContext {
  return measured({
    actor: canonicalJson({ user: userOf(parts.principal) }),
    database: canonicalJson({ name: boundedName(parts.database) || "unknown", type_id: RELATIONAL }),
    source: canonicalJson(endpointOf(parts.client)),
    claims: claimsJson(parts.application),
    who: canonicalJson(whoOf(parts.principal)),
    session: escaped(parts.session),
  });
}

function measured(context: Omit<RecordContext, "bytes">): RecordContext {
  const { actor, database, source, claims, who, session } = context;
  return { ...context, bytes: Buffer.byteLength(`${actor}${database}${source}${claims}${who}${session}`) };
}

export function escaped(name: string): string {
  return canonicalString(boundedName(name)).slice(1, -1);
}

/** For an outcome whose decision is not known any more. */
export function unknownContext(session: string): RecordContext {
  return contextOf({ session, principal: null, database: "", client: "", application: null });
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
  const unknown = unknownContext(session);
  return measured({
    ...unknown,
    actor: record.actor === undefined ? unknown.actor : canonicalJson(record.actor),
    database: record.database === undefined ? unknown.database : canonicalJson(record.database),
    source: record.src_endpoint === undefined ? unknown.source : canonicalJson(record.src_endpoint),
  });
}
