// What the sessions of a database are set to, whoever asks, as the configuration writes it.
import type { Pinned } from "../../pkg/gate/pinned-settings.ts";
import { fields, flag, Invalid, map, oneOf, type Parse, text, within } from "./parse-value.ts";

export interface UpstreamSession {
  /** null: nothing is pinned. */
  readonly pinned: Pinned | null;
  readonly pooler: "None" | "Session";
}

const SETTINGS_MAX = 100;
const NAME = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*$/;
/** They have a place of their own, or are Weir's. */
const elsewhere = /^(role|session_authorization|client_encoding)$|^weir\./;

/** A map from GovernedDatabase to `{role, settings, identity, pooler}`. */
export const upstreamSessions: Parse<Readonly<Record<string, UpstreamSession>>> = (raw) =>
  map(raw, (value, database) => within(`.${database}`, () => session(value)));

function session(raw: unknown): UpstreamSession {
  const given = fields(raw, ["role", "settings", "identity", "pooler"], "");
  const role = given.role === undefined ? null : within("role", () => text(given.role));
  const settings = within("settings", () => pinnedSettings(given.settings ?? {}));
  const identity = given.identity === undefined ? false : within("identity", () => flag(given.identity));
  const pooler = given.pooler === undefined ? "None" : within("pooler", () => oneOf("None", "Session")(given.pooler));
  const isPinned = role !== null || identity || Object.keys(settings).length > 0;
  return { pinned: isPinned ? { role, settings, identity } : null, pooler };
}

function pinnedSettings(raw: unknown): Readonly<Record<string, string>> {
  const settings = map(raw, (value, name) => {
    if (!NAME.test(name)) throw new Invalid(`${name}: write the name of a setting in lower case`);
    if (elsewhere.test(name))
      throw new Invalid(`${name}: cannot be pinned here; a role is given as role, and weir.* by identity`);
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
    throw new Invalid(`${name}: write a text`);
  });
  if (Object.keys(settings).length > SETTINGS_MAX) throw new Invalid(`give at most ${SETTINGS_MAX} settings`);
  return settings;
}
