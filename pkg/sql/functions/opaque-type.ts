// Types whose values cannot be made without running users' code: a domain whose check calls some, and whatever holds such a domain, as
// an array's element, a row's field, a range's bound or what another domain is over.
import type { Snapshot, TypeInfo } from "../../catalog/snapshot.ts";
import { typeName } from "./type-name.ts";

const known = new WeakMap<Snapshot, Map<number, string | null>>();

/** The name of the domain that making a value of this type checks; null when no users' code runs. */
export function opaqueDomainIn(type: number, snapshot: Snapshot): string | null {
  let found = known.get(snapshot);
  if (found === undefined) {
    found = new Map();
    known.set(snapshot, found);
  }
  const before = found.get(type);
  if (before !== undefined) return before;
  // What refers to itself holds nothing more.
  found.set(type, null);
  const inside = look(snapshot.type(type), snapshot);
  found.set(type, inside);
  return inside;
}

function look(info: TypeInfo | undefined, snapshot: Snapshot): string | null {
  if (info === undefined) return null;
  if (info.opaqueCheck === true) return typeName(info.oid, snapshot);
  const parts = [info.kind === "d" ? info.base : 0, info.element, info.rangeOf ?? 0, ...fieldTypes(info, snapshot)];
  for (const part of parts) {
    const inside = part === 0 ? null : opaqueDomainIn(part, snapshot);
    if (inside !== null) return inside;
  }
  return null;
}

/** Rows of stored relations were checked when they were stored, but anything may be turned into one. */
function fieldTypes(info: TypeInfo, snapshot: Snapshot): readonly number[] {
  const relation = info.relation === 0 ? undefined : snapshot.relation(info.relation);
  return relation?.columns.map((column) => column.type) ?? [];
}
