// What a statement does, or why that is not known. Facts are plain data: decisions, records and replays need nothing else.
// An empty list means "proven to touch nothing of this sort"; whatever is not proven is `understood: false` or a Lineage "unknown".

/** A stored column, by identity (relation OID and attribute number) and by its names when it was resolved. */
export interface ColumnRef {
  readonly relation: number;
  readonly attnum: number;
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** A stored column as a source of a value; with `path`, only what that constant json path leads to (array steps left out). */
export interface Source extends ColumnRef {
  readonly path?: readonly string[];
}

/** Where the value of an output column, or of a part of a statement, comes from (lineage-rules.md). `unknown` is the top. */
export type Lineage =
  | { readonly kind: "clean" }
  /**
   * The value of one stored column, unchanged. `path`: only what a constant json path leads to; `as` says in which form.
   * `via`: columns that the same value has also been a value of: views it came through, the other side of USING.
   */
  | {
      readonly kind: "copy";
      readonly column: ColumnRef;
      readonly path?: readonly string[];
      readonly as?: "json" | "text";
      readonly via?: readonly Source[];
    }
  | { readonly kind: "derived"; readonly columns: readonly Source[] }
  /** `columns`: those that are known to be among the sources, such as a foreign table's own column. */
  | { readonly kind: "unknown"; readonly why: string; readonly columns?: readonly Source[] };

/** What RowDescription will say of the column's origin: table OID and column number, or 0 and 0 for anything computed. */
export interface Origin {
  readonly table: number;
  readonly column: number;
}

export interface OutputColumn {
  /** The name the server will report; null when not predicted. */
  readonly name: string | null;
  readonly lineage: Lineage;
  /** null when not predicted; then no result column may be called clear. */
  readonly origin: Origin | null;
}

export const EFFECTS = [
  "Read",
  "Insert",
  "Update",
  "Delete",
  "Truncate",
  "Create",
  "Alter",
  "Drop",
  "Grant",
  "CopyIn",
  "CopyOut",
  "File",
  "Network",
  "ExecuteCode",
  "SessionChange",
  "Lock",
  "Transaction",
  "Maintenance",
  "Notify",
] as const;
/** What a statement does to the world, at any depth. */
export type EffectKind = (typeof EFFECTS)[number];

export interface RelationUse {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind:
    | "table"
    | "view"
    | "materialized"
    | "foreign"
    | "partitioned"
    | "sequence"
    | "index"
    | "composite"
    | "toast";
  readonly temporary: boolean;
  readonly access: readonly EffectKind[];
}

/** What an unqualified name would mean if the relation that it means now went away, as another session may have it. */
export interface HiddenRelation {
  readonly relation: RelationUse;
  /** What its columns hold; beside each what the same column holds of the relation meant now, where the two are alike. */
  readonly columns: readonly { readonly holds: Lineage; readonly shown: Lineage | null }[];
}

/** `Key`: proven equality on every column of a unique key. Nobody tries to prove a condition non-trivial. */
export type FilterKind = "Missing" | "Key" | "Other";

/** One data-changing part, at any depth (CTE, EXPLAIN ANALYZE, COPY, PREPARE, MERGE action, ON CONFLICT DO UPDATE). */
export interface Write {
  readonly effect: "Insert" | "Update" | "Delete" | "Truncate";
  readonly relation: RelationUse;
  /** For Update and Delete; "Other" for what has no filter of its own. */
  readonly filter: FilterKind;
}

/** A stored column used where it steers the result without being in it: an oracle unless policy allows it (rule R9). */
export interface PredicateUse {
  readonly column: ColumnRef;
  readonly path?: readonly string[];
  /**
   * `equality`: the whole condition is one equality of the bare column with a constant or parameter, AND-ed with others at most.
   * `failure`: it decides no more than whether an expression fails.
   */
  readonly use: "equality" | "other" | "failure";
  readonly where: string;
}

/** A value flows into something stored or told (rule R8). */
export interface Flow {
  readonly from: Lineage;
  /** A stored column, or what else receives the value: "temp table", "view", "setting", "notify", "new relation", "code", ... */
  readonly to: ColumnRef | string;
}

export interface FunctionUse {
  /** pg_proc OID when exactly one candidate is left. */
  readonly oid: number | null;
  /** `schema.name(argument types)` when resolved, else the name as written. */
  readonly name: string;
  /** `safe`: on the built-in allow-list, or SQL code that was analysed. Everything else is `opaque`. */
  readonly trust: "safe" | "opaque";
  /** What calling it does beyond returning a value, where that is known (built-ins). Absent: nothing for safe code, anything for opaque. */
  readonly effects?: readonly EffectKind[];
}

export interface SettingChange {
  /** Lower case; "*" for RESET ALL and DISCARD ALL; "role", "session_authorization" for theirs. */
  readonly name: string;
  /** null: reset to default, or not a constant. */
  readonly value: string | null;
  readonly scope: "session" | "transaction";
}

export type TransactionControl =
  | { readonly do: "begin" }
  | { readonly do: "savepoint" | "release" | "rollback to"; readonly name: string }
  | { readonly do: "commit" | "rollback"; readonly chain: boolean }
  | { readonly do: "prepare" | "commit prepared" | "rollback prepared" };

export interface CopyFacts {
  readonly direction: "in" | "out";
  /** "client": STDIN or STDOUT; "file" and "program" run on the server. */
  readonly place: "client" | "file" | "program";
  readonly format: "text" | "csv" | "binary";
  readonly delimiter: string;
  readonly nullText: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  /** The ENCODING option; null without one. */
  readonly encoding: string | null;
  /** Output positions (0-based) under FORCE_QUOTE; "*" for all. */
  readonly forceQuote: readonly number[] | "*";
  /** Type OID of each output column where the catalogue tells; 0 when unknown. COPY OUT has no RowDescription. */
  readonly types: readonly number[];
}

/** Names that a statement makes, uses or drops in the session; SQL and protocol names are one namespace (rule R13). */
export type NameUse =
  | { readonly do: "prepare"; readonly name: string; readonly statement: Facts }
  | { readonly do: "execute"; readonly name: string }
  | { readonly do: "deallocate"; readonly name: string | null }
  | { readonly do: "declare"; readonly name: string; readonly statement: Facts; readonly hold: boolean }
  | { readonly do: "fetch"; readonly name: string }
  | { readonly do: "move"; readonly name: string }
  | { readonly do: "close"; readonly name: string | null }
  | { readonly do: "discard" };

/** A statement that is meant for Weir itself. */
export type OwnStatement =
  | { readonly do: "show"; readonly what: OwnSetting }
  /** The identity of the statements that follow, in place of the session's. */
  | { readonly do: "identify"; readonly local: boolean; readonly token: TokenPlace }
  | { readonly do: "forget"; readonly local: boolean };

export const OWN_SETTINGS = ["principal", "policy", "nonce"] as const;
export type OwnSetting = (typeof OWN_SETTINGS)[number];

/** Where the token stands: as a literal that begins at a byte of the text, or as a parameter ($1 is 1). It is no part of the facts. */
export type TokenPlace = { readonly literal: number } | { readonly parameter: number };

export interface Understood {
  readonly understood: true;
  /** The statement's kind in words, as a command tag begins: "SELECT", "INSERT", "CREATE TABLE", "COPY", "SET", ... */
  readonly kind: string;
  readonly effects: readonly EffectKind[];
  readonly relations: readonly RelationUse[];
  /** OIDs of permanent relations that its own text names; what it does depends on their columns. Absent: none. */
  readonly named?: readonly number[];
  /** Absent: no name hides another relation. */
  readonly hidden?: readonly HiddenRelation[];
  readonly functions: readonly FunctionUse[];
  readonly writes: readonly Write[];
  /** null: returns no rows. For COPY TO: the columns copied out. For EXECUTE and FETCH: those of what they name. */
  readonly outputs: readonly OutputColumn[] | null;
  readonly predicates: readonly PredicateUse[];
  readonly flows: readonly Flow[];
  readonly settings: readonly SettingChange[];
  /** Every column that is read, whatever becomes of it: asked for only of what is inside another statement. */
  readonly reads?: readonly Source[];
  readonly transaction?: TransactionControl;
  readonly copy?: CopyFacts;
  readonly name?: NameUse;
  readonly own?: OwnStatement;
  /** EXPLAIN: whether it runs the statement, and whether its output holds expressions. */
  readonly explain?: { readonly analyze: boolean; readonly verbose: boolean };
  /** Of a function's body: some of it fails with some values. */
  readonly mayFail?: true;
  /** Takes a transaction snapshot itself (SELECT, DML, COPY, ...), so a catalogue query may run directly in front of it. */
  readonly takesSnapshot: boolean;
  /** The catalogue may differ afterwards (DDL, or code that may contain it). */
  readonly changesCatalog: boolean;
  /** search_path, temp objects, role or R1's settings may differ afterwards. */
  readonly changesResolution: boolean;
  /** Functions, maybe the server's own, that it takes away rights to call; "*" for all of the server's. */
  readonly revokesCalls?: readonly string[];
}

/** What a statement names and the server does not hold, so that it would reject it: as the catalogue, or the session, knows. */
export type Absent =
  /** [schema,] name. `drop`: the kind of object that DROP calls it, such as "MATERIALIZED VIEW". */
  | { readonly what: "relation"; readonly names: readonly string[]; readonly drop?: string }
  | { readonly what: "prepared statement"; readonly name: string };

export interface NotUnderstood {
  readonly understood: false;
  /** It takes a snapshot of the data before it does anything else. Absent: not known. */
  readonly takesSnapshot?: boolean;
  /** It sends the client no rows. Absent: not known. */
  readonly returnsNothing?: boolean;
  readonly why: string;
  /** True when the text was rejected by the grammar: PostgreSQL may report its own syntax error. */
  readonly syntax: boolean;
  /** Why it is not understood, where the server can be asked to say so itself. */
  readonly absent?: Absent;
}

export type Facts = Understood | NotUnderstood;

/** One statement of a text, with its place in it. */
export interface Statement {
  readonly facts: Facts;
  /** Byte offsets in the text as sent, without the separating semicolon. */
  readonly startByte: number;
  readonly endByte: number;
  /** Hex, 16 bytes: the same for statements that differ only in literals and layout. */
  readonly fingerprint: string;
  /** Text with every literal as $n and no comments; null when not proven free of literals (invariant 9). */
  readonly normalized: string | null;
  /** Facts depend on names of the session (EXECUTE, FETCH), so they are not cached by text. */
  readonly sessionDependent: boolean;
  /**
   * Byte offsets of its literals in the text, when it is proven that no literal's value decided anything: with others of the same kinds
   * in their places everything here is the same. Absent: not proven.
   */
  readonly freeLiterals?: ReadonlySet<number>;
}

/** A whole text as sent in Query or Parse. `statements` is empty for a text of nothing but blanks and comments. */
export interface Analysis {
  readonly statements: readonly Statement[];
}
