// Inside a string of several statements nothing can be asked between them, so the question whether something is protected by now goes
// into the string, in front of each statement that runs without masks behind one that may make, read or wait for something. Where
// something is, it fails, and the string ends there.
import type { CatalogQuery } from "../catalog/queries.ts";
import type { Refusal } from "../policy/decision.ts";
import type { Core } from "./core.ts";
import type { Part } from "./model.ts";
import { isolationSql } from "./own-queries.ts";
import { refusedBy } from "./raise.ts";

export interface StringGuard {
  /** Ends in a semicolon. */
  readonly sql: string;
  readonly part: Part;
}

/** null: it cannot be asked. */
export function stringGuard(core: Core): StringGuard | null {
  const { columns, standing } = core.standing.claims(core.policies);
  if (columns === null) return null;
  const marker = core.names.next();
  const ways = [of(columns), standing === null ? fixed : of(standing)];
  const sql = `SELECT ('${marker}'::pg_catalog.text OPERATOR(pg_catalog.||) q.x::pg_catalog.text)::pg_catalog.int4 FROM (${ways.join(" UNION ALL ")}) q;`;
  return { sql, part: { run: null, shown: false, standIn: refusedBy(protectedMeanwhile, marker, "text", null) } };
}

function of({ sql }: CatalogQuery): string {
  return `SELECT 'found'::pg_catalog.text AS x FROM (${sql}) s`;
}

/** A snapshot of before does not tell what is there now. */
const fixed = `SELECT 'fixed'::pg_catalog.text AS x WHERE (${isolationSql}) OPERATOR(pg_catalog.<>) 'read committed'::pg_catalog.text`;

const protectedMeanwhile: Refusal = {
  rule: { policy: "weir", rule: "nothing-protected" },
  sqlstate: "42501",
  message: "weir: the string ends here, because data may be protected now that was not when it began",
  detail: "Its earlier statements ran without masks, since no column of the database had a class.",
  hint: "Send the statement again, alone.",
};
