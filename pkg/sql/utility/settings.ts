// SET, RESET, SHOW, DISCARD, and SET kept for later in ALTER ROLE, DATABASE and SYSTEM.
import type { SettingChange, Understood } from "../facts.ts";
import { settingMayHoldData } from "../functions/constant-call.ts";
import { constantText } from "../lineage/constant-text.ts";
import { CLEAN, unknown } from "../lineage/label.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node } from "../node.ts";
import { isOwnSetting } from "../own-statement.ts";
import { understood } from "./understood.ts";

/** Settings by which names and texts are read (rule R1), and those that bring them along. */
const resolving = new Set([
  "search_path",
  "role",
  "session_authorization",
  "standard_conforming_strings",
  "client_encoding",
  "backslash_quote",
  "*",
]);

/** Lists whose elements the server quotes like identifiers (GUC_LIST_QUOTE). */
const quotedLists = new Set([
  "search_path",
  "temp_tablespaces",
  "session_preload_libraries",
  "shared_preload_libraries",
  "local_preload_libraries",
]);

export function setFacts(node: Node): Understood {
  const settings = settingChanges(node);
  return understood(/RESET/.test(node.kind) ? "RESET" : "SET", {
    effects: ["SessionChange"],
    settings,
    takesSnapshot: false,
    changesResolution: settings.some(({ name }) => resolving.has(name)),
  });
}

function settingChanges(node: Node): readonly SettingChange[] {
  const scope = node.is_local === true ? "transaction" : "session";
  switch (node.kind) {
    case "VAR_SET_VALUE":
      return [{ name: nameOf(node), value: valueText(node), scope }];
    case "VAR_SET_DEFAULT":
    case "VAR_SET_CURRENT":
    case "VAR_RESET":
      return [{ name: nameOf(node), value: null, scope }];
    case "VAR_RESET_ALL":
      return [{ name: "*", value: null, scope }];
    case "VAR_SET_MULTI":
      return multiChanges(node);
    default:
      throw new NotKnown("SET of an unknown kind");
  }
}

function nameOf(node: Node): string {
  return String(node.name ?? "").toLowerCase();
}

/** As flatten_set_variable_args (utils/misc/guc_funcs.c) writes it; null for a value that is no constant. */
function valueText(node: Node): string | null {
  const values = list(node.args).map(constantText);
  if (values.length === 0 || values.some((value) => typeof value !== "string")) return null;
  const quoted = quotedLists.has(nameOf(node));
  return (values as string[]).map((value) => (quoted ? quotedIdentifier(value) : value)).join(", ");
}

function quotedIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** SET TRANSACTION, SET SESSION CHARACTERISTICS AS TRANSACTION, SET TRANSACTION SNAPSHOT. */
function multiChanges(node: Node): readonly SettingChange[] {
  switch (node.name) {
    case "TRANSACTION":
      return transactionModes(node.args, "transaction");
    case "SESSION CHARACTERISTICS":
      return transactionModes(node.args, "session");
    case "TRANSACTION SNAPSHOT":
      return [{ name: "transaction_snapshot", value: null, scope: "transaction" }];
    default:
      throw new NotKnown("SET of an unknown kind");
  }
}

/** Isolation level, read only and deferrable; for the session they are the defaults of later transactions. */
export function transactionModes(modes: Node, scope: SettingChange["scope"]): readonly SettingChange[] {
  return list(modes).map(({ DefElem }) => ({
    name: scope === "session" ? `default_${DefElem.defname}` : String(DefElem.defname),
    value: modeText(DefElem.arg),
    scope,
  }));
}

function modeText(value: Node): string | null {
  const text = constantText(value) ?? null;
  return text === "1" ? "on" : text === "0" ? "off" : text;
}

/** SHOW ALL leaves out settings that only users define. */
export function showFacts(node: Node): Understood {
  const name = nameOf(node);
  const mayHoldData = settingMayHoldData(name) && !isOwnSetting(name);
  const lineage = mayHoldData ? unknown("a setting that code may have set") : CLEAN;
  const origin = { table: 0, column: 0 };
  const columns = name === "all" ? ["name", "setting", "description"] : [null];
  const outputs = columns.map((column) => ({ name: column, lineage, origin }));
  return understood("SHOW", { outputs, takesSnapshot: false });
}

export function discardFacts(node: Node): Understood {
  const all = node.target === "DISCARD_ALL";
  return understood("DISCARD", {
    effects: ["SessionChange"],
    settings: all ? [{ name: "*", value: null, scope: "session" }] : [],
    changesResolution: all || node.target === "DISCARD_TEMP",
    ...(all ? { name: { do: "discard" } } : {}),
  });
}

/** ALTER ROLE ... SET, ALTER DATABASE ... SET, ALTER SYSTEM: in force for later sessions, and judged as if for this one. */
export function keptSettingFacts(kind: string, node: Node): Understood {
  const settings = settingChanges(node.setstmt ?? {});
  if (kind === "AlterSystemStmt")
    return understood("ALTER SYSTEM", { effects: ["Alter", "Maintenance", "File"], settings });
  const words = kind === "AlterRoleSetStmt" ? "ALTER ROLE" : "ALTER DATABASE";
  return understood(words, { effects: ["Alter", "SessionChange"], settings });
}
