// Statements that are meant for Weir: SHOW of its own settings, and the identity of what follows, given by SET or by a SELECT of
// nothing but set_config. Only these forms count; a token in any other place is none.
import {
  type Facts,
  OWN_SETTINGS,
  type OwnSetting,
  type OwnStatement,
  type SettingChange,
  type TokenPlace,
} from "./facts.ts";
import { constantText } from "./lineage/constant-text.ts";
import { CLEAN } from "./lineage/label.ts";
import { list, type Node, texts } from "./node.ts";
import { understood } from "./utility/understood.ts";

export const IDENTITY = "weir.identity";
const PREFIX = "weir.";

export function isOwnSetting(name: string): boolean {
  return ownSetting(name) !== null;
}

function ownSetting(name: string): OwnSetting | null {
  return OWN_SETTINGS.find((setting) => PREFIX + setting === name) ?? null;
}

/** `node` as the grammar wraps it; null: it is for the server. */
export function ownStatement(node: Node): OwnStatement | null {
  if (node.VariableShowStmt !== undefined) return shown(node.VariableShowStmt);
  if (node.VariableSetStmt !== undefined) return set(node.VariableSetStmt);
  return node.SelectStmt === undefined ? null : selected(node.SelectStmt);
}

function shown({ name }: Node): OwnStatement | null {
  const what = ownSetting(String(name ?? "").toLowerCase());
  return what === null ? null : { do: "show", what };
}

function set({ kind, name, args, is_local }: Node): OwnStatement | null {
  if (String(name ?? "").toLowerCase() !== IDENTITY) return null;
  const local = is_local === true;
  if (kind === "VAR_RESET" || kind === "VAR_SET_DEFAULT") return { do: "forget", local };
  const [value, ...more] = list(args);
  return kind !== "VAR_SET_VALUE" || more.length > 0 ? null : given(value, local);
}

/** SELECT set_config('weir.identity', token, local) and nothing else. */
function selected(select: Node): OwnStatement | null {
  const { targetList, limitOption, op, ...more } = select;
  const [target, ...others] = list(targetList);
  const call = target?.ResTarget?.val?.FuncCall;
  if (call === undefined || others.length > 0 || Object.keys(more).length > 0) return null;
  if (op !== "SETOP_NONE" || limitOption !== "LIMIT_OPTION_DEFAULT" || !isSetConfig(call)) return null;
  const [name, value, local, ...rest] = list(call.args);
  if (rest.length > 0 || constantText(name)?.toLowerCase() !== IDENTITY) return null;
  const isLocal = constantText(local);
  if (typeof isLocal !== "string" || !/^(t|true|f|false)$/i.test(isLocal)) return null;
  return given(value, /^t/i.test(isLocal));
}

function isSetConfig(call: Node): boolean {
  const name = texts(call.funcname);
  const fields = ["funcname", "args", "funcformat", "location"];
  const isPlain = Object.keys(call).every((field) => fields.includes(field));
  return isPlain && name.at(-1) === "set_config" && (name.length === 1 || name[0] === "pg_catalog");
}

function given(value: Node, local: boolean): OwnStatement | null {
  if (constantText(value) === "") return { do: "forget", local };
  const token = placeOf(value);
  return token === null ? null : { do: "identify", local, token };
}

function placeOf(value: Node): TokenPlace | null {
  const inner = value?.TypeCast?.arg ?? value;
  if (typeof inner?.ParamRef?.number === "number") return { parameter: inner.ParamRef.number };
  const isText = typeof constantText(inner) === "string" && inner.A_Const.location !== undefined;
  return isText ? { literal: inner.A_Const.location } : null;
}

/**
 * The facts without the token. What a SELECT sets is known even where no catalogue tells which functions there are, and what it returns
 * is a value of ours.
 */
export function withOwn(facts: Facts, own: OwnStatement): Facts {
  if (facts.understood && facts.kind !== "SELECT") return { ...facts, settings: facts.settings.map(withoutValue), own };
  const scope = own.do !== "show" && own.local ? "transaction" : "session";
  const outputs = [{ name: null, lineage: CLEAN, origin: { table: 0, column: 0 } }];
  const settings = [{ name: IDENTITY, value: null, scope }] as const;
  return { ...understood("SELECT", { effects: ["SessionChange"], settings, outputs }), own };
}

function withoutValue(setting: SettingChange): SettingChange {
  return setting.name === IDENTITY ? { ...setting, value: null } : setting;
}
