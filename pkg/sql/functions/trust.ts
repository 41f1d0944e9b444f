// Which functions may be called under a mask, and what calling one does (rule R10).
import type { FunctionInfo } from "../../catalog/snapshot.ts";
import type { EffectKind } from "../facts.ts";
import { refusedEffects } from "./refused-builtins.ts";
import { safeBuiltins } from "./safe-builtins.ts";

/** FirstNormalObjectId: what initdb made is below. */
export const FIRST_USER_OID = 16384;

/** Immutable and yet not safe: calls the hash functions of whatever table it is given. */
const immutableRefused = new Set(["satisfies_hash_partition"]);

const safeNames: ReadonlyMap<number, readonly string[]> = (() => {
  const names = new Map<number, string[]>();
  for (const { functions } of safeBuiltins) {
    for (const [name, oids] of Object.entries(functions))
      for (const oid of oids) names.set(oid, [...(names.get(oid) ?? []), name]);
  }
  return names;
})();

/** Made by initdb and still in the server's own code: a superuser may put another body under the same OID. */
export function isBuiltin(info: FunctionInfo): boolean {
  const ownCode = info.language === "internal" || info.language === "sql";
  return info.oid < FIRST_USER_OID && ownCode && (info.schema === "pg_catalog" || info.schema === "information_schema");
}

/** Whether calling it with any arguments is safe under a mask. */
export function isSafe(info: FunctionInfo): boolean {
  if (!isBuiltin(info)) return false;
  // Functions of the information schema read catalogues that everyone may read.
  if (info.schema === "information_schema") return true;
  if (safeNames.get(info.oid)?.includes(info.name) === true) return true;
  if (info.kind === "a" || info.kind === "w") return true;
  return info.volatility === "i" && !immutableRefused.has(info.name);
}

/** What calling it does beyond returning a value; null when that is not known: code of users. */
export function functionEffects(info: FunctionInfo): readonly EffectKind[] | null {
  if (!isBuiltin(info)) return null;
  if (isSafe(info)) return /^pg_(try_)?advisory_(xact_)?(un)?lock/.test(info.name) ? ["Lock"] : [];
  return refusedEffects(info.name) ?? [];
}

/** Where a function's arguments end up, for labels that flow in (rule R8); null for one that only computes. */
export function argumentSink(info: FunctionInfo): string | null {
  if (!isBuiltin(info)) return null;
  if (/^pg_(try_)?advisory_/.test(info.name)) return "lock key";
  return sinks[info.name] ?? null;
}

const sinks: Readonly<Record<string, string>> = {
  pg_notify: "notify",
  set_config: "setting",
  setval: "sequence",
  lo_put: "large object",
  lowrite: "large object",
  lo_from_bytea: "large object",
  lo_create: "large object",
  pg_logical_emit_message: "replication message",
  pg_create_restore_point: "restore point",
  setseed: "random seed",
  pg_sleep: "delay",
  pg_sleep_for: "delay",
  pg_sleep_until: "delay",
};
