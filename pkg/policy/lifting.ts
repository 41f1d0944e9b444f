// How far masks are lifted where no column of the database has a class: as far as the strictest policy among those that bind says.
import type { EffectKind, Facts, RelationUse } from "../sql/facts.ts";
import type { Lifting, Policy } from "./rules.ts";

/** The server's word that no column of the database has a class. `confined`: nor may the login read anything beyond the database. */
export type Clear = "confined" | "unconfined";

const strictness: readonly Lifting[] = ["Allow", "AllowConfined", "Refuse"];

/** The strictest of what policies say. */
export function liftingOf(policies: readonly { readonly policy: Policy }[]): Lifting {
  const said = policies.map(({ policy }) => strictness.indexOf(policy.whereNothingMatches));
  return strictness[Math.max(...said)] ?? "Refuse";
}

/** Whether masks do not count for a statement. */
export function lifts(lifting: Lifting, clear: Clear | null, facts: Facts): boolean {
  if (clear === null || lifting === "Refuse") return false;
  return lifting === "Allow" || (clear === "confined" && !reachesOut(facts));
}

const outside: readonly EffectKind[] = ["File", "Network"];

/** Keep what other sessions do, in whatever database, or secrets and files of the server. Some are of extensions, in any schema. */
const beyond: ReadonlySet<string> = new Set([
  ...["pg_stat_activity", "pg_stat_replication", "pg_stat_subscription", "pg_stat_wal_receiver", "pg_prepared_xacts"],
  ...["pg_locks", "pg_hba_file_rules", "pg_ident_file_mappings", "pg_file_settings", "pg_authid", "pg_shadow"],
  ...["pg_user_mapping", "pg_user_mappings", "_pg_user_mappings", "user_mapping_options", "pg_subscription"],
  ...["pg_stat_statements", "pg_stat_monitor", "pg_qualstats", "pg_stat_kcache", "pg_replication_slots"],
]);

/** Reaches beyond the database by itself. For what nobody has read the login's rights count. */
function reachesOut(facts: Facts): boolean {
  if (!facts.understood) return false;
  const held = facts.name?.do === "prepare" || facts.name?.do === "declare" ? facts.name.statement : null;
  if (held !== null && reachesOut(held)) return true;
  const effects = [...facts.effects, ...facts.functions.flatMap((use) => use.effects ?? [])];
  return (
    effects.some((effect) => outside.includes(effect)) ||
    facts.functions.some(({ trust, name }) => trust === "opaque" && name.startsWith("pg_catalog.")) ||
    facts.relations.some(isBeyond)
  );
}

function isBeyond({ kind, name }: RelationUse): boolean {
  return kind === "foreign" || beyond.has(name);
}
