// What has been worked out once about a catalogue snapshot: columns of relations, views, defaults, SQL functions. It lives as long as
// the snapshot does, and is bounded by the number of its objects.
import type { Snapshot } from "../catalog/snapshot.ts";
import type { Facts, FunctionUse } from "./facts.ts";
import type { Called, Operation } from "./lineage/calls.ts";
import type { RelationShape } from "./lineage/relation-shape.ts";

export interface SnapshotMemory {
  readonly relations: Map<number, RelationShape>;
  /** Facts of the defaults of a relation's columns, by relation OID and column number. */
  readonly defaults: Map<string, Facts>;
  /** Facts of SQL functions, by OID and what their names resolve by. */
  readonly functions: Map<string, Facts>;
  /** What calls and operators mean, by how names resolve; each by name and types. */
  readonly calls: Map<string, CallMemory>;
  /** Implicit casts as "source>target"; filled at first use. */
  implicitCasts: ReadonlySet<string> | null;
}

export interface CallMemory {
  readonly functions: Map<string, Called>;
  readonly operators: Map<string, Operation>;
  /** The function behind a cast, by "source>target"; null when there is none. */
  readonly casts: Map<string, FunctionUse | null>;
}

export interface Memory {
  of(snapshot: Snapshot): SnapshotMemory;
}

const waysMax = 64;

/** What calls mean under one way of resolving names. */
export function callsUnder(memory: SnapshotMemory, resolutionKey: string): CallMemory {
  const known = memory.calls.get(resolutionKey);
  if (known !== undefined) return known;
  if (memory.calls.size >= waysMax) memory.calls.clear();
  const fresh: CallMemory = { functions: new Map(), operators: new Map(), casts: new Map() };
  memory.calls.set(resolutionKey, fresh);
  return fresh;
}

const callsMax = 5_000;

/** The remembered result, or the one worked out now; the map is emptied when it is full. */
export function remembered<T>(map: Map<string, T>, key: string, workOut: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh = workOut();
  if (map.size >= callsMax) map.clear();
  map.set(key, fresh);
  return fresh;
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
        calls: new Map(),
        implicitCasts: null,
      };
      memories.set(snapshot, fresh);
      return fresh;
    },
  };
}
