// The texts by which a server tells its schema: fixed, without parameters, for the extended protocol with text results, the
// same under any search_path, temp objects, encoding and settings of the session, and answered for any role.
import { castQuery, functionQuery, operatorQuery, schemaQuery, typeQuery } from "./object-queries.ts";
import { builtinPart, probeText } from "./probe-query.ts";
import { relationQuery } from "./relation-query.ts";
import { pathQuery } from "./resolution.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Scope } from "./sql-text.ts";

export interface CatalogQuery {
  readonly name: string;
  readonly sql: string;
}

const supportedMajors = [14, 15, 16, 17, 18];

function assertSupported(serverMajor: number): void {
  if (supportedMajors.includes(serverMajor)) return;
  throw new RangeError(
    `PostgreSQL ${serverMajor} has no catalogue queries; supported are ${supportedMajors.join(", ")}`,
  );
}

function objectQueries(scope: Exclude<Scope, "temporary">): readonly CatalogQuery[] {
  return [
    { name: `${scope} relations`, sql: relationQuery(scope) },
    { name: `${scope} types`, sql: typeQuery(scope) },
    { name: `${scope} functions`, sql: functionQuery(scope) },
    { name: `${scope} operators`, sql: operatorQuery(scope) },
    { name: `${scope} casts`, sql: castQuery(scope) },
  ];
}

/**
 * All that a Snapshot holds, in the order in which `buildSnapshot` wants the answers. Run `probeQuery` before them, so that a
 * change made meanwhile shows at the next probe. `known`: an earlier snapshot of the same database, whose server-made
 * objects are taken over instead of asked for again (hand the same to `buildSnapshot`).
 */
export function catalogQueries(serverMajor: number, known: Snapshot | null = null): readonly CatalogQuery[] {
  assertSupported(serverMajor);
  const common = [{ name: "path", sql: pathQuery }, { name: "schemas", sql: schemaQuery }, ...objectQueries("user")];
  return known === null ? [...common, ...objectQueries("builtin")] : common;
}

/** The earlier snapshot, if the server's own objects are still what they were then. `probe` is the fresh answer, as `probeOf` makes it. */
export function reusable(known: Snapshot | null, probe: string): Snapshot | null {
  return known !== null && builtinPart(known.probe) === builtinPart(probe) ? known : null;
}

/** Relations of this session's temp schema, for `overlay`. Cheap: a session without one gets no rows. */
export function temporaryQuery(serverMajor: number): CatalogQuery {
  assertSupported(serverMajor);
  return { name: "temporary relations", sql: relationQuery("temporary") };
}

/** One row that differs whenever DDL changed something that a Snapshot holds. */
export function probeQuery(serverMajor: number): CatalogQuery {
  assertSupported(serverMajor);
  return { name: "probe", sql: probeText };
}
