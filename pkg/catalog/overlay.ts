// One session's view: what all sessions share, and over it what its own temp schema holds.
import { CatalogError } from "./catalog-error.ts";
import { LayeredSnapshot } from "./layered-snapshot.ts";
import { nextVersion } from "./load.ts";
import { indexed } from "./objects.ts";
import { type Rows, relationsOf } from "./rows.ts";
import type { Snapshot } from "./snapshot.ts";

/** From the rows of `temporaryQuery`. Functions, types and operators made in a temp schema stay unknown, and so opaque. */
export function overlay(base: Snapshot, rows: Rows): Snapshot {
  if (!(base instanceof LayeredSnapshot))
    throw new CatalogError("temporary relations", 0, "the snapshot underneath is of another make");
  const relations = relationsOf(rows, null);
  const temporary = indexed({ relations, types: [], functions: [], operators: [], casts: [] });
  const { serverMajor, database, probe } = base;
  const schemas = new Set([...base.schemas, ...relations.map((relation) => relation.schema)]);
  return new LayeredSnapshot(
    { version: nextVersion(), serverMajor, database, probe },
    [temporary, ...base.layers],
    schemas,
  );
}
