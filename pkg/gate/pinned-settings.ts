// What the server's session is set to for as long as it lives, whatever the client does: a role, settings, and who asks, so that
// row-level security and the server's own log speak of the principals that Weir knows.
import type { Principal } from "../principal/principal.ts";

export interface Pinned {
  /** null: the login's own. */
  readonly role: string | null;
  /** Name in lower case to value; `{principal}`, `{kind}` and `{session}` in a value stand for who asks. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether `weir.*` tells who asks. */
  readonly identity: boolean;
}

export interface Asker {
  readonly principal: Principal;
  /** Of the session, as records name it. */
  readonly session: string;
}

const PREFIX = "weir.";

/** Whether a client's change of this setting would undo what is pinned. `name` in lower case. */
export function isPinned({ role, settings, identity }: Pinned, name: string): boolean {
  if (name === "role" || name === "session_authorization") return role !== null || Object.hasOwn(settings, name);
  return Object.hasOwn(settings, name) || (identity && name.startsWith(PREFIX));
}

/** Statements that set all of it. They take no snapshot, and hold nothing but ASCII, whatever the client's encoding. */
export function pinningSql(pinned: Pinned, asker: Asker): readonly string[] {
  const settings = Object.entries(pinned.settings).map(([name, value]) => [name, filledIn(value, asker)] as const);
  const identity = pinned.identity ? identitySettings(asker) : [];
  return [
    ...(pinned.role === null ? [] : [`SET role = ${literal(pinned.role)}`]),
    ...[...settings, ...identity].map(([name, value]) => `SET ${quotedName(name)} = ${valueText(name, value)}`),
  ];
}

/** Lists are JSON, so that no name can break out of its place in one. */
function identitySettings({ principal, session }: Asker): readonly (readonly [string, string])[] {
  const { name, kind, issuer, groups, assurance, login } = principal;
  return [
    ["weir.principal", name],
    ["weir.kind", kind],
    ["weir.issuer", issuer],
    ["weir.groups", JSON.stringify(groups)],
    ["weir.acting_for", JSON.stringify(chainOf(principal.actingFor))],
    ["weir.assurance", assurance],
    ["weir.login", login],
    ["weir.session", session],
  ];
}

function chainOf(principal: Principal | undefined): readonly object[] {
  if (principal === undefined) return [];
  const { kind, name, issuer, groups, actingFor } = principal;
  return [{ kind, name, issuer, groups }, ...chainOf(actingFor)];
}

function filledIn(value: string, { principal, session }: Asker): string {
  const stands: Readonly<Record<string, string>> = { principal: principal.name, kind: principal.kind, session };
  return value.replace(/\{(principal|kind|session)\}/g, (_, word: string) => stands[word]!);
}

function quotedName(name: string): string {
  return name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}

/** SET quotes each element of these lists as a name (GUC_LIST_QUOTE). */
const NAME_LISTS = /^(search_path|temp_tablespaces|(session|local|shared)_preload_libraries)$/;

function valueText(name: string, value: string): string {
  if (!NAME_LISTS.test(name) || value.trim() === "") return literal(value);
  return (value.match(/\s*("(?:[^"]|"")*"|[^,]*)\s*/g) ?? [])
    .map((element) => element.trim())
    .filter((element) => element !== "")
    .map((element) =>
      literal(element.startsWith('"') ? element.slice(1, -1).replaceAll('""', '"') : element.toLowerCase()),
    )
    .join(", ");
}

/** E'...' means the same whatever standard_conforming_strings says. */
function literal(text: string): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("'", "''");
  const ascii = [...plain].map((letter) => (/[\x20-\x7e]/.test(letter) ? letter : escaped(letter.codePointAt(0)!)));
  return `E'${ascii.join("")}'`;
}

function escaped(code: number): string {
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
