// Functions that are safe only when their arguments are constants, because a constant carries no label.
import type { FunctionInfo } from "../../catalog/snapshot.ts";
import type { SettingChange } from "../facts.ts";
import { isBuiltin } from "./trust.ts";

type Constants = readonly (string | null | undefined)[];

/**
 * Whether a setting can hold a value that code has put there: those that no one but users define. The server's own (without
 * a dot) hold what they are for.
 */
export function settingMayHoldData(name: string): boolean {
  return name.includes(".");
}

export function constantsMakeSafe(info: FunctionInfo, constants: Constants): boolean {
  if (!isBuiltin(info) || info.schema !== "pg_catalog") return false;
  const [first] = constants;
  if (info.name === "current_setting") return typeof first === "string" && !settingMayHoldData(first);
  const all = info.args.every((_, position) => constants[position] !== undefined);
  return all && (info.name === "set_config" || info.name === "pg_notify");
}

/** What a call of set_config changes. A name that is no constant may be any setting: "*". */
export function settingChangeOf(constants: Constants): SettingChange {
  const [name, value, local] = constants;
  const transaction = local !== undefined && local !== null && /^(t|true|y|yes|on|1)$/i.test(local);
  return {
    name: typeof name === "string" ? name.toLowerCase() : "*",
    value: value ?? null,
    scope: transaction ? "transaction" : "session",
  };
}
