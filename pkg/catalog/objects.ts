// Objects of one origin (the server's own, users', one session's temp ones), indexed by OID and by schema and name.
import type { CastInfo, FunctionInfo, OperatorInfo, Relation, TypeInfo } from "./snapshot.ts";

export interface ObjectLists {
  readonly relations: readonly Relation[];
  readonly types: readonly TypeInfo[];
  readonly functions: readonly FunctionInfo[];
  readonly operators: readonly OperatorInfo[];
  readonly casts: readonly CastInfo[];
}

export interface Objects {
  readonly relations: ReadonlyMap<number, Relation>;
  readonly relationNames: ReadonlyMap<string, Relation>;
  readonly children: ReadonlyMap<number, readonly Relation[]>;
  readonly types: ReadonlyMap<number, TypeInfo>;
  readonly typeNames: ReadonlyMap<string, TypeInfo>;
  readonly functions: ReadonlyMap<number, FunctionInfo>;
  readonly functionNames: ReadonlyMap<string, readonly FunctionInfo[]>;
  readonly operatorNames: ReadonlyMap<string, readonly OperatorInfo[]>;
  readonly casts: readonly CastInfo[];
}

/** Names hold no zero byte, so the two parts cannot run into each other. */
export function qualified(schema: string, name: string): string {
  return `${schema}\0${name}`;
}

export function indexed(lists: ObjectLists): Objects {
  const { relations, types, functions, operators, casts } = lists;
  return {
    relations: new Map(relations.map((relation) => [relation.oid, relation])),
    relationNames: new Map(relations.map((relation) => [qualified(relation.schema, relation.name), relation])),
    children: grouped(relations.flatMap((relation) => relation.parents.map((parent) => [parent, relation] as const))),
    types: new Map(types.map((type) => [type.oid, type])),
    typeNames: new Map(types.map((type) => [qualified(type.schema, type.name), type])),
    functions: new Map(functions.map((info) => [info.oid, info])),
    functionNames: grouped(functions.map((info) => [qualified(info.schema, info.name), info] as const)),
    operatorNames: grouped(operators.map((operator) => [qualified(operator.schema, operator.name), operator] as const)),
    casts,
  };
}

function grouped<K, V>(pairs: readonly (readonly [K, V])[]): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
