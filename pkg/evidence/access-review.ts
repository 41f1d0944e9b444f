// Entitlement beside use: who may touch a table by the grants of the login that he uses, and what he did in the period. Grants are read
// from a CSV that the database itself wrote (`grantsQuery`); without it only the use is told.
import { hash } from "node:crypto";
import { EvidencePackError } from "./evidence-pack-error.ts";
import { listOf, membersOf, type ReadRecord } from "./evidence-records.ts";
import { readCsv } from "./read-csv.ts";
import type { Row } from "./row.ts";
import { relationName, texts } from "./statement-row.ts";

export const accessColumns = [
  ...[
    "id",
    "principal",
    "kind",
    "issuer",
    "login",
    "cluster",
    "namespace",
    "database",
    "table",
    "classes",
    "privileges",
  ],
  ...[
    "used",
    "unused",
    "hasUnused",
    "beyondGrants",
    "reads",
    "writes",
    "refused",
    "clear",
    "masked",
    "lastUse",
    "lastId",
  ],
] as const;

/** What each login that may log in may do to each table, by grants, memberships, PUBLIC and ownership alike; read-only. */
export const grantsQuery = `SELECT current_database() AS database, r.rolname AS grantee, n.nspname AS table_schema, c.relname AS table_name, p.privilege_type
FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
  unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE']) AS p(privilege_type)
WHERE r.rolcanlogin AND c.relkind IN ('r','p','v','m','f') AND n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname NOT LIKE 'pg_toast%'
  AND has_table_privilege(r.oid, c.oid, p.privilege_type)
ORDER BY 1, 2, 3, 4, 5`;

export interface Grant {
  readonly database: string | null;
  readonly login: string;
  readonly table: string;
  readonly privilege: string;
}

const needed = ["grantee", "table_schema", "table_name", "privilege_type"] as const;

/** @throws EvidencePackError `input` */
export function readGrants(csv: string): readonly Grant[] {
  return readCsv(csv, "grants").map((row) => {
    const missing = needed.find((name) => row[name] === undefined);
    if (missing !== undefined)
      throw new EvidencePackError(
        "input",
        `grants: there is no column ${missing}; write it with the query of --grants-query`,
      );
    return {
      database: row.database ?? null,
      login: row.grantee!,
      table: `${row.table_schema}.${row.table_name}`,
      privilege: row.privilege_type!,
    };
  });
}

const privilegeOf: Readonly<Record<string, string>> = {
  ...{ Read: "SELECT", CopyOut: "SELECT", Insert: "INSERT", CopyIn: "INSERT", Update: "UPDATE", Delete: "DELETE" },
  Truncate: "TRUNCATE",
};

interface Use {
  readonly who: Row;
  readonly table: string;
  readonly used: Set<string>;
  readonly classes: Set<string>;
  reads: number;
  writes: number;
  refused: number;
  clear: number;
  masked: number;
  lastUse: number | null;
  lastId: string | null;
}

export class AccessReview {
  private readonly uses = new Map<string, Use>();
  private readonly grants: readonly Grant[] | null;

  constructor(grants: readonly Grant[] | null) {
    this.grants = grants;
  }

  /** `statement` and `columns`: the rows of the decision. */
  add(decision: ReadRecord, statement: Row, columns: readonly Row[]): void {
    const refused = statement.verdict === "refuse" || statement.verdict === "hold";
    for (const relation of listOf(membersOf(decision.facts).relations).map(membersOf)) {
      const schema = String(relation.schema);
      if (relation.kind === "sequence" || schema === "pg_catalog" || schema === "information_schema") continue;
      const use = this.useOf(statement, relationName(relation));
      const access = texts(relation.access).flatMap((effect) => privilegeOf[effect] ?? []);
      const own = columns.filter((row) => `${row.schema}.${row.table}` === use.table && row.access === "Read");
      for (const { class: name } of own) if (typeof name === "string") use.classes.add(name);
      if (refused) {
        use.refused++;
        continue;
      }
      for (const privilege of access) use.used.add(privilege);
      if (access.includes("SELECT")) use.reads++;
      if (access.some((privilege) => privilege !== "SELECT")) use.writes++;
      if (own.some((row) => row.shown === "Clear" && row.class !== null)) use.clear++;
      if (own.some((row) => row.shown === "Masked")) use.masked++;
      if (use.lastUse === null || use.lastUse <= decision.timeMs) {
        use.lastUse = decision.timeMs;
        use.lastId = decision.id;
      }
    }
  }

  rows(): readonly Row[] {
    const grants = this.grants ?? [];
    const idle = grants.filter((grant) => !this.usesOf(grant).length).map((grant) => idleOf(grant));
    const unique = new Map(idle.map((use) => [keyOf(use.who, use.table), use]));
    const all = [...this.uses.values(), ...unique.values()].map((use) => this.rowOf(use));
    return all.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  }

  private usesOf(grant: Grant): Use[] {
    return [...this.uses.values()].filter((use) => isFor(grant, use));
  }

  private useOf(statement: Row, table: string): Use {
    const key = keyOf(statement, table);
    const known = this.uses.get(key);
    if (known !== undefined) return known;
    const made: Use = { who: statement, table, used: new Set(), classes: new Set(), ...nothing };
    this.uses.set(key, made);
    return made;
  }

  private rowOf(use: Use): Row {
    const { who, table } = use;
    const privileges = (this.grants ?? []).filter((grant) => isFor(grant, use)).map(({ privilege }) => privilege);
    const used = [...use.used].sort();
    const unused = privileges.filter((privilege) => !use.used.has(privilege)).sort();
    const cells = Object.fromEntries(accessColumns.map((name) => [name, who[name] ?? null]));
    return {
      ...cells,
      id: `access/${hash("sha256", keyOf(who, table)).slice(0, 16)}`,
      database: databaseOf(who),
      ...{ table, classes: [...use.classes].sort(), privileges: [...new Set(privileges)].sort(), used, unused },
      hasUnused: unused.length > 0,
      beyondGrants: this.grants !== null && used.some((privilege) => !privileges.includes(privilege)),
      ...{ reads: use.reads, writes: use.writes, refused: use.refused, clear: use.clear, masked: use.masked },
      ...{ lastUse: use.lastUse, lastId: use.lastId },
    };
  }
}

const nothing = { reads: 0, writes: 0, refused: 0, clear: 0, masked: 0, lastUse: null, lastId: null };

function idleOf({ login, table, database }: Grant): Use {
  return { who: { login, serverDatabase: database }, table, used: new Set(), classes: new Set(), ...nothing };
}

/** What the server calls the database, where the record says so: grants know no other name. */
function databaseOf(who: Row): string | null {
  return (who.serverDatabase ?? who.database ?? null) as string | null;
}

function isFor(grant: Grant, { who, table }: Use): boolean {
  return (
    grant.login === who.login &&
    grant.table === table &&
    (grant.database === null || grant.database === databaseOf(who))
  );
}

function keyOf(who: Row, table: string): string {
  const { principal, issuer, login, cluster, namespace } = who;
  return JSON.stringify(
    [principal, issuer, login, cluster, namespace, databaseOf(who), table].map((cell) => cell ?? null),
  );
}

function sortKey({ login, principal, database, table, id }: Row): string {
  return JSON.stringify([login, principal, database, table, id]);
}
