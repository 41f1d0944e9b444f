// What has been worked out once about a catalogue snapshot: columns of relations, views, defaults, SQL functions. It lives as long as
// the snapshot does, and is bounded by the number of its objects.
import type { Snapshot } from "../catalog/snapshot.ts";
import type { Facts } from "./facts.ts";
import type { RelationShape } from "./lineage/relation-shape.ts";

export interface SnapshotMemory {
  readonly relations: Map<number, RelationShape>;
  /** Facts of the defaults of a relation's columns, by relation OID and column number. */
  readonly defaults: Map<string, Facts>;
  /** Facts of SQL functions, by OID and what their names resolve by. */
  readonly functions: Map<string, Facts>;
  /** Implicit casts as "source>target"; filled at first use. */
  implicitCasts: ReadonlySet<string> | null;
}

export interface Memory {
  of(snapshot: Snapshot): SnapshotMemory;
}

export function createMemory(): Memory {
  const memories = new WeakMap<Snapshot, SnapshotMemory>();
  return {
    of(snapshot) {
      const known = memories.get(snapshot);
      if (known !== undefined) return known;
      const fresh: SnapshotMemory = {
        relations: new Map(),
        defaults: new Map(),
        functions: new Map(),
        implicitCasts: null,
      };
      memories.set(snapshot, fresh);
      return fresh;
    },
  };
}
