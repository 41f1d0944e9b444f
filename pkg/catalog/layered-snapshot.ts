// A Snapshot over layers of objects: a session's temp ones (when it has any), users', the server's own. OIDs and qualified
// names are unique over all layers, because each object is in exactly one.
import { type Objects, qualified } from "./objects.ts";
import type { CastInfo, FunctionInfo, OperatorInfo, Relation, Snapshot, TypeInfo } from "./snapshot.ts";

export interface SnapshotIdentity {
  readonly version: number;
  readonly serverMajor: number;
  readonly database: string;
  readonly probe: string;
}

export class LayeredSnapshot implements Snapshot {
  readonly version: number;
  readonly serverMajor: number;
  readonly database: string;
  readonly probe: string;
  readonly layers: readonly Objects[];
  readonly schemas: ReadonlySet<string>;
  private readonly allCasts: readonly CastInfo[];

  constructor(identity: SnapshotIdentity, layers: readonly Objects[], schemas: ReadonlySet<string>) {
    this.version = identity.version;
    this.serverMajor = identity.serverMajor;
    this.database = identity.database;
    this.probe = identity.probe;
    this.layers = layers;
    this.schemas = schemas;
    this.allCasts = layers.flatMap((layer) => layer.casts);
  }

  relation(oid: number): Relation | undefined {
    return this.first((layer) => layer.relations.get(oid));
  }

  relationNamed(schema: string, name: string): Relation | undefined {
    const key = qualified(schema, name);
    return this.first((layer) => layer.relationNames.get(key));
  }

  *relations(): Iterable<Relation> {
    for (const layer of this.layers) yield* layer.relations.values();
  }

  children(oid: number): readonly Relation[] {
    return this.all((layer) => layer.children.get(oid));
  }

  type(oid: number): TypeInfo | undefined {
    return this.first((layer) => layer.types.get(oid));
  }

  typeNamed(schema: string, name: string): TypeInfo | undefined {
    const key = qualified(schema, name);
    return this.first((layer) => layer.typeNames.get(key));
  }

  function(oid: number): FunctionInfo | undefined {
    return this.first((layer) => layer.functions.get(oid));
  }

  functionsNamed(schema: string, name: string): readonly FunctionInfo[] {
    const key = qualified(schema, name);
    return this.all((layer) => layer.functionNames.get(key));
  }

  operatorsNamed(schema: string, name: string): readonly OperatorInfo[] {
    const key = qualified(schema, name);
    return this.all((layer) => layer.operatorNames.get(key));
  }

  casts(): readonly CastInfo[] {
    return this.allCasts;
  }

  hasSchema(name: string): boolean {
    return this.schemas.has(name);
  }

  private first<T>(look: (layer: Objects) => T | undefined): T | undefined {
    for (const layer of this.layers) {
      const found = look(layer);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private all<T>(look: (layer: Objects) => readonly T[] | undefined): readonly T[] {
    const found = this.layers.map(look).filter((list) => list !== undefined);
    return found.length === 1 ? found[0]! : found.flat();
  }
}
