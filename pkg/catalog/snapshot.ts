// The upstream's schema as plain data, read only, shared by every session of one database. Loaded by `load.ts`.

export interface Column {
  readonly attnum: number;
  readonly name: string;
  readonly type: number;
  readonly typmod: number;
  readonly notNull: boolean;
  /** SQL text of a generated column's expression or of a default; null when none, "" when it could not be read. */
  readonly generated: string | null;
  readonly defaultText: string | null;
}

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r table, p partitioned, v view, m materialized view, f foreign, S sequence, i index, c composite, t toast. */
  readonly kind: string;
  readonly temporary: boolean;
  /** Live columns by attnum; system columns are not listed. */
  readonly columns: readonly Column[];
  /** OIDs of the tables it inherits from or is a partition of. */
  readonly parents: readonly number[];
  /** Attribute numbers of each valid unique index without expression or predicate, primary key first. */
  readonly uniqueKeys: readonly (readonly number[])[];
  /** pg_get_viewdef for v and m; null otherwise, and for a view that could not be read. */
  readonly definition: string | null;
  /**
   * Search path under which `definition`, `generated` and `defaultText` were printed: PostgreSQL leaves the schema off
   * names that the printing session could see, so they must be resolved under this path and no other.
   */
  readonly printedUnder?: readonly string[];
  /** Has rules other than a view's own _RETURN. */
  readonly hasRules: boolean;
  readonly hasTriggers: boolean;
  readonly rowSecurity: boolean;
  /** Foreign keys to other tables. */
  readonly foreignKeys: readonly ForeignKey[];
}

export interface ForeignKey {
  readonly columns: readonly number[];
  readonly target: number;
  readonly targetColumns: readonly number[];
  /** pg_constraint.confdeltype and confupdtype: a no action, r restrict, c cascade, n set null, d set default. */
  readonly onDelete: string;
  readonly onUpdate: string;
}

export interface TypeInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly category: string;
  /** Element type of an array type, else 0. */
  readonly element: number;
  readonly base: number;
  readonly relation: number;
  readonly preferred: boolean;
  /** A domain with a constraint that calls functions or operators made by users. */
  readonly opaqueCheck?: boolean;
  /** Type of a range's bounds; of a multirange the range; else 0. */
  readonly rangeOf?: number;
}

export interface FunctionInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** f function, a aggregate, w window, p procedure. */
  readonly kind: string;
  readonly language: string;
  /** i immutable, s stable, v volatile. */
  readonly volatility: string;
  readonly returns: number;
  readonly returnsSet: boolean;
  readonly args: readonly number[];
  readonly defaults: number;
  readonly variadic: number;
  readonly argNames: readonly string[];
  readonly argModes: readonly string[];
  readonly allArgs: readonly number[];
  /** Source text for SQL and plpgsql functions; null otherwise. */
  readonly body: string | null;
  /** SQL-standard body (BEGIN ATOMIC), as pg_get_functiondef prints it; null otherwise. */
  readonly sqlBody: string | null;
  /** Search path under which `sqlBody` was printed (see Relation). `body` is resolved by its caller's path instead. */
  readonly printedUnder?: readonly string[];
  readonly securityDefiner: boolean;
  /** Settings attached by ALTER FUNCTION ... SET, such as search_path=... */
  readonly settings: readonly string[];
}

export interface OperatorInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** 0 for a prefix operator. */
  readonly left: number;
  readonly right: number;
  readonly result: number;
  readonly func: number;
}

export interface CastInfo {
  readonly source: number;
  readonly target: number;
  /** pg_cast.castfunc, 0 for binary coercible and I/O casts. */
  readonly func: number;
  /** e explicit, a assignment, i implicit. */
  readonly context: string;
  /** pg_cast.castmethod: f function, b binary coercible, i by text input and output. */
  readonly method?: string;
}

/** Look-ups are by exact name in one schema, or by OID. Objects of pg_catalog and information_schema are included. */
export interface Snapshot {
  /** Grows with every load, unique in the process: a cache key. */
  readonly version: number;
  /** server_version_num / 10000. */
  readonly serverMajor: number;
  readonly database: string;
  /** Rows of the change probe when this was loaded; opaque. */
  readonly probe: string;
  relation(oid: number): Relation | undefined;
  relationNamed(schema: string, name: string): Relation | undefined;
  relations(): Iterable<Relation>;
  children(oid: number): readonly Relation[];
  type(oid: number): TypeInfo | undefined;
  typeNamed(schema: string, name: string): TypeInfo | undefined;
  function(oid: number): FunctionInfo | undefined;
  functionsNamed(schema: string, name: string): readonly FunctionInfo[];
  operatorsNamed(schema: string, name: string): readonly OperatorInfo[];
  casts(): readonly CastInfo[];
  hasSchema(name: string): boolean;
}

/** How this session resolves names now (rule R1). Part of every cache key of facts, through `key`. */
export interface Resolution {
  /** current_schemas(true): effective search path with implicit pg_catalog and the temp schema, in order. */
  readonly searchPath: readonly string[];
  /** Name of this session's temp schema (pg_temp_N), or null when it has none. */
  readonly tempSchema: string | null;
  readonly currentUser: string;
  readonly standardConformingStrings: boolean;
  readonly clientEncoding: string;
  /** All of the above as one string. */
  readonly key: string;
}
