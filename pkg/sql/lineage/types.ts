// Types by name and what they have in common, as far as function resolution and predicted origins need it.
import type { Snapshot, TypeInfo } from "../../catalog/snapshot.ts";
import { opaqueDomainIn } from "../functions/opaque-type.ts";
import { list, type Node, texts } from "../node.ts";
import { noteCalled, noteConversion } from "./calls.ts";
import { noteNamedType } from "./named-relation.ts";
import { schemaName } from "./relation.ts";
import { NotKnown, type Walk } from "./walk.ts";

export const BOOL = 16;
export const BYTEA = 17;
export const INT8 = 20;
export const INT4 = 23;
export const TEXT = 25;
export const JSON_TYPE = 114;
export const XML = 142;
export const FLOAT4 = 700;
export const FLOAT8 = 701;
export const UNKNOWN = 705;
export const NUMERIC = 1700;
export const BIT = 1560;
export const RECORD = 2249;
export const JSONB = 3802;

/** Type OID of a TypeName and its modifier; `typmod: null` where it is not worked out. OID 0 without a catalogue. */
export interface NamedType {
  readonly oid: number;
  readonly typmod: number | null;
}

export function typeNamed(walk: Walk, typeName: Node): NamedType {
  if (walk.catalog === null) return { oid: 0, typmod: null };
  if (typeName.pct_type === true) throw new NotKnown("type of a column");
  const element = lookUpType(walk, texts(typeName.names));
  if (element === undefined) throw new NotKnown("type not in the catalogue");
  noteType(walk, element.oid);
  noteNamedType(walk, texts(typeName.names), element);
  const isArray = list(typeName.arrayBounds).length > 0;
  return { oid: isArray ? arrayOf(walk, element.oid) : element.oid, typmod: typmodOf(element.oid, typeName) };
}

/** A type that a statement names, or gives to a parameter, is one that it makes values of. */
export function noteType(walk: Walk, type: number): void {
  const domain = walk.catalog === null ? null : opaqueDomainIn(type, walk.catalog);
  if (domain !== null) noteCalled(walk, { oid: null, name: `constraint of ${domain}`, trust: "opaque" });
}

/** 0 when no type has that name. */
export function typeOfName(walk: Walk, names: readonly string[]): number {
  return lookUpType(walk, names)?.oid ?? 0;
}

function lookUpType(walk: Walk, names: readonly string[]): TypeInfo | undefined {
  const catalog = walk.catalog!;
  const name = names.at(-1)!;
  if (names.length > 1) {
    const schema = schemaName(walk, names.at(-2)!);
    return schema === null ? undefined : catalog.typeNamed(schema, name);
  }
  for (const schema of walk.context.resolution!.searchPath) {
    const type = catalog.typeNamed(schema, name);
    if (type !== undefined) return type;
  }
  return undefined;
}

/** varchar(n), char(n): n + 4; bit(n), timestamp(n) and their kin: n; numeric(p, s). */
function typmodOf(oid: number, typeName: Node): number | null {
  const modifiers = list(typeName.typmods);
  if (modifiers.length === 0) return typeName.typemod ?? -1;
  const numbers = modifiers.map((node) => integerOf(node));
  const first = numbers[0];
  if (first === undefined || numbers.includes(undefined)) return null;
  switch (oid) {
    case 1042:
    case 1043:
      return first + 4;
    case 1560:
    case 1562:
    case 1083:
    case 1266:
    case 1114:
    case 1184:
      return first;
    default:
      return null;
  }
}

function integerOf(node: Node): number | undefined {
  const value = node.A_Const;
  return value?.ival?.ival ?? value?.val?.Integer?.ival;
}

/** The array type over an element type, 0 when there is none. */
export function arrayOf(walk: Walk, element: number): number {
  const info = walk.catalog?.type(element);
  if (info === undefined) return 0;
  const array = walk.catalog?.typeNamed(info.schema, `_${info.name}`);
  return array?.element === element ? array.oid : 0;
}

export function elementOf(walk: Walk, array: number): number {
  return walk.catalog?.type(array)?.element ?? 0;
}

/** What a domain is over, else the type itself. */
export function baseType(catalog: Snapshot, oid: number): number {
  let type = oid;
  for (let steps = 0; steps < 32; steps++) {
    const info = catalog.type(type);
    if (info === undefined || info.kind !== "d") return type;
    type = info.base;
  }
  return type;
}

/** select_common_type of parse_coerce.c; 0 when it cannot be told. */
export function commonType(walk: Walk, types: readonly number[]): number {
  const { catalog } = walk;
  const first = types[0];
  if (catalog === null || first === undefined || types.includes(0)) return 0;
  if (first !== UNKNOWN && types.every((type) => type === first)) return first;
  let chosen = UNKNOWN;
  for (const type of types) {
    const base = baseType(catalog, type);
    if (base === UNKNOWN || base === chosen) continue;
    if (chosen === UNKNOWN) chosen = base;
    else {
      const next = preferredOf(walk, chosen, base);
      if (next === 0) return 0;
      chosen = next;
    }
  }
  return noteConversions(walk, types, chosen === UNKNOWN ? TEXT : chosen);
}

/** Values of other types are turned into the common one. */
function noteConversions(walk: Walk, types: readonly number[], common: number): number {
  for (const type of types) if (type !== common) noteConversion(walk, type, common);
  return common;
}

function preferredOf(walk: Walk, chosen: number, next: number): number {
  const a = walk.catalog!.type(chosen);
  const b = walk.catalog!.type(next);
  if (a === undefined || b === undefined || a.category !== b.category) return 0;
  if (a.preferred || !castsImplicitly(walk, chosen, next) || castsImplicitly(walk, next, chosen)) return chosen;
  return next;
}

function castsImplicitly(walk: Walk, source: number, target: number): boolean {
  const memory = walk.memory!;
  memory.implicitCasts ??= new Set(
    walk
      .catalog!.casts()
      .filter((cast) => cast.context === "i")
      .map((cast) => `${cast.source}>${cast.target}`),
  );
  return memory.implicitCasts.has(`${source}>${target}`);
}

/** The row type of a relation, 0 when there is none. */
export function rowTypeOf(
  walk: Walk,
  relation: { readonly oid: number; readonly schema: string; readonly name: string },
): number {
  const type = walk.catalog?.typeNamed(relation.schema, relation.name);
  return type?.relation === relation.oid ? type.oid : 0;
}
