// Answers of the catalogue queries to a Snapshot: in comes text, out comes indexed plain data, or a CatalogError.
import { CatalogError } from "./catalog-error.ts";
import { LayeredSnapshot } from "./layered-snapshot.ts";
import { indexed, type Objects } from "./objects.ts";
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
 * CatalogError if anything is missing or malformed; then nothing is known.
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
  return new LayeredSnapshot({ version, serverMajor, database, probe }, [user, builtin], schemasOf(results[1]!));
}

function builtinObjects(known: Snapshot, serverMajor: number): Objects {
  if (known instanceof LayeredSnapshot && known.serverMajor === serverMajor) return known.layers.at(-1)!;
  throw new CatalogError("builtin relations", 0, "the earlier snapshot is of another make or major");
}
