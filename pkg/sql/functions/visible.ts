// Objects that a name may mean in this session, in the order of the search path.
import type { FunctionInfo, OperatorInfo, TypeInfo } from "../../catalog/snapshot.ts";
import type { AnalysisContext } from "../analyze.ts";

/** `place`: 0 for the first schema of the path that counts; one of a smaller place hides an equal one of a greater. */
export interface Placed<T> {
  readonly object: T;
  readonly place: number;
}

type LookUp<T> = (schema: string, name: string) => readonly T[];

function placed<T>(name: readonly string[], schemas: readonly string[], lookUp: LookUp<T>): readonly Placed<T>[] {
  const last = name.at(-1)!;
  return schemas.flatMap((schema, place) => lookUp(schema, last).map((object) => ({ object, place })));
}

/** The schemas to look in: the one written, or the path. Null: not known. `temporary`: whether the temp schema counts. */
function schemasOf(name: readonly string[], context: AnalysisContext, temporary: boolean): readonly string[] | null {
  const { resolution } = context;
  if (name.length > 1) {
    const schema = name.at(-2)!;
    if (schema !== "pg_temp") return [schema];
    return resolution === null ? null : resolution.tempSchema === null ? [] : [resolution.tempSchema];
  }
  if (resolution === null) return null;
  return resolution.searchPath.filter((schema) => temporary || !isTemporary(schema));
}

function isTemporary(schema: string): boolean {
  return schema === "pg_temp" || schema.startsWith("pg_temp_");
}

/** Functions are never looked for in the temp schema unless it is written (namespace.c). Null: catalogue or path not known. */
export function visibleFunctions(
  name: readonly string[],
  context: AnalysisContext,
): readonly Placed<FunctionInfo>[] | null {
  const { snapshot } = context;
  const schemas = schemasOf(name, context, false);
  if (snapshot === null || schemas === null) return null;
  return placed(name, schemas, (schema, last) => snapshot.functionsNamed(schema, last));
}

export function visibleOperators(
  name: readonly string[],
  context: AnalysisContext,
): readonly Placed<OperatorInfo>[] | null {
  const { snapshot } = context;
  const schemas = schemasOf(name, context, false);
  if (snapshot === null || schemas === null) return null;
  return placed(name, schemas, (schema, last) => snapshot.operatorsNamed(schema, last));
}

/** The type that a name means, or undefined when there is none or nothing is known. */
export function visibleType(name: readonly string[], context: AnalysisContext): TypeInfo | undefined {
  const { snapshot } = context;
  const schemas = schemasOf(name, context, true);
  if (snapshot === null || schemas === null) return undefined;
  for (const schema of schemas) {
    const type = snapshot.typeNamed(schema, name.at(-1)!);
    if (type !== undefined) return type;
  }
  return undefined;
}
