// Answers of the catalogue queries to a Snapshot: in comes text, out comes indexed plain data, or a CatalogError.
import { CatalogError } from "./catalog-error.ts";
import { LayeredSnapshot } from "./layered-snapshot.ts";
import { indexed, type Objects } from "./objects.ts";
import { incomplete } from "./probe-query.ts";
import { permanentPath } from "./resolution.ts";
import { castsOf, functionsOf, operatorsOf, type Rows, relationsOf, schemasOf, typesOf } from "./rows.ts";
import type { Snapshot } from "./snapshot.ts";

let lastVersion = 0;

/** A number that no snapshot of this process has yet: versions are cache keys across databases. */
export function nextVersion(): number {
  lastVersion += 1;
  return lastVersion;
}

const OBJECT_ANSWERS = 5;

function objectsOf(results: readonly Rows[], path: readonly string[]): Objects {
  const [relations, types, functions, operators, casts] = results;
  return indexed({
    relations: relationsOf(relations!, path),
    types: typesOf(types!),
    functions: functionsOf(functions!, path),
    operators: operatorsOf(operators!),
    casts: castsOf(casts!),
  });
}

/**
 * From the answers to `catalogQueries(serverMajor, known)`, in their order, with the probe's answer from before them. Throws
 * CatalogError if anything is missing or malformed; then nothing is known. What another session holds exclusively is there
 * without its definition, and the snapshot's probe then equals no answer, so that it is loaded again at the next probe.
 */
export function buildSnapshot(
  results: readonly Rows[],
  serverMajor: number,
  database: string,
  version: number,
  probe: string,
  known: Snapshot | null = null,
): Snapshot {
  const wanted = 2 + OBJECT_ANSWERS * (known === null ? 2 : 1);
  if (results.length !== wanted) throw new CatalogError("all", 0, `${results.length} answers instead of ${wanted}`);
  const path = permanentPath(results[0]!);
  const user = objectsOf(results.slice(2, 2 + OBJECT_ANSWERS), path);
  const builtin =
    known === null ? objectsOf(results.slice(2 + OBJECT_ANSWERS), path) : builtinObjects(known, serverMajor);
  if (builtin.functions.size === 0) throw new CatalogError("builtin functions", 0, "there is none");
  const identity = { version, serverMajor, database, probe: isComplete(user) ? probe : incomplete(probe) };
  return new LayeredSnapshot(identity, [user, builtin], schemasOf(results[1]!));
}

/** Whether every definition could be read: none was held exclusively by another session. */
function isComplete(objects: Objects): boolean {
  for (const { kind, definition, columns } of objects.relations.values()) {
    if ((kind === "v" || kind === "m") && definition === null) return false;
    if (columns.some(({ generated, defaultText }) => generated === "" || defaultText === "")) return false;
  }
  for (const { language, body, sqlBody } of objects.functions.values()) {
    if (language === "sql" && body === null && sqlBody === null) return false;
  }
  return true;
}

function builtinObjects(known: Snapshot, serverMajor: number): Objects {
  if (known instanceof LayeredSnapshot && known.serverMajor === serverMajor) return known.layers.at(-1)!;
  throw new CatalogError("builtin relations", 0, "the earlier snapshot is of another make or major");
}
