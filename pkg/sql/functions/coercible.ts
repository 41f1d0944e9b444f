// Whether PostgreSQL would turn a value of one type into another by itself (parse_coerce.c: can_coerce_type with
// COERCION_IMPLICIT).
import type { CastInfo, Snapshot, TypeInfo } from "../../catalog/snapshot.ts";

export const ANY = 2276;
export const UNKNOWN = 705;
const RECORD = 2249;
const RECORD_ARRAY = 2287;

/** Polymorphic pseudo-types (pg_type.dat) and what they demand of an argument by itself. */
const polymorphic: ReadonlyMap<number, (type: TypeInfo) => boolean> = new Map<number, (type: TypeInfo) => boolean>([
  [2283, () => true], // anyelement
  [2277, (type) => type.element !== 0], // anyarray
  [2776, (type) => type.element === 0], // anynonarray
  [3500, (type) => type.kind === "e"], // anyenum
  [3831, (type) => type.kind === "r"], // anyrange
  [4537, (type) => type.kind === "m"], // anymultirange
  [5077, () => true], // anycompatible
  [5078, (type) => type.element !== 0], // anycompatiblearray
  [5079, (type) => type.element === 0], // anycompatiblenonarray
  [5080, (type) => type.kind === "r"], // anycompatiblerange
  [4538, (type) => type.kind === "m"], // anycompatiblemultirange
]);

export function isPolymorphic(type: number): boolean {
  return polymorphic.has(type);
}

/** The type under a domain, down to the ground. */
export function baseType(oid: number, snapshot: Snapshot): number {
  let type = snapshot.type(oid);
  for (let depth = 0; type?.kind === "d" && depth < 32; depth += 1) type = snapshot.type(type.base);
  return type?.oid ?? oid;
}

const castIndexes = new WeakMap<Snapshot, ReadonlyMap<string, CastInfo>>();

/** The pg_cast row of a pair of types. */
export function castBetween(source: number, target: number, snapshot: Snapshot): CastInfo | undefined {
  let index = castIndexes.get(snapshot);
  if (index === undefined) {
    index = new Map(snapshot.casts().map((cast) => [`${cast.source}>${cast.target}`, cast]));
    castIndexes.set(snapshot, index);
  }
  return index.get(`${source}>${target}`);
}

/** `maybe`: one of the types is not known, or rows are involved whose tables may inherit from each other. */
export type Coercion = "yes" | "no" | "maybe";

const told = (value: boolean): Coercion => (value ? "yes" : "no");

/** For one argument by itself; whether polymorphic ones agree with each other is another question. */
export function coercion(source: number, target: number, snapshot: Snapshot): Coercion {
  if (source === target || target === ANY || source === UNKNOWN) return "yes";
  const from = snapshot.type(baseType(source, snapshot));
  const to = snapshot.type(baseType(target, snapshot));
  if (source === 0 || from === undefined || to === undefined) return "maybe";
  const demand = polymorphic.get(target);
  if (demand !== undefined) return told(demand(from));
  if (from.oid === to.oid) return "yes";
  const cast = castBetween(from.oid, to.oid, snapshot);
  if (cast !== undefined) return told(cast.context === "i");
  if (from.element !== 0 && to.element !== 0) return coercion(from.element, to.element, snapshot);
  return betweenRows(from, to, snapshot);
}

/** record to any row type and back; a row type to one that its table inherits from, or is a typed table of. */
function betweenRows(from: TypeInfo, to: TypeInfo, snapshot: Snapshot): Coercion {
  if (from.oid === RECORD) return told(to.kind === "c");
  if (to.oid === RECORD) return told(from.kind === "c");
  if (to.oid === RECORD_ARRAY) return told(snapshot.type(from.element)?.kind === "c");
  return from.kind === "c" && to.kind === "c" ? "maybe" : "no";
}
