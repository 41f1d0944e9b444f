// Statements that are meant for Weir. The server gets something else in their place that does the same to its state: SHOW of another
// setting, whose answer is rewritten, or the same SET with a value that means nothing in place of the token.
import { inForce } from "../policy/in-force.ts";
import type { Principal } from "../principal/principal.ts";
import type { OwnSetting, OwnStatement, Statement, TokenPlace } from "../sql/facts.ts";
import { decodeBind, encodeBind } from "../wire/postgres/bind.ts";
import type { Core } from "./core.ts";
import type { OwnPart, OwnPrepared, Prepared } from "./model.ts";

/** Every server has it, everyone may see it, and no statement changes it. */
export const SHOWN_INSTEAD = "SHOW server_version";

export function ownOf({ facts }: Statement): OwnStatement | null {
  return facts.understood ? (facts.own ?? null) : null;
}

export function ownShown(core: Core, statement: Statement): OwnPart | null {
  const own = ownOf(statement);
  return own?.do === "show" ? { do: "show", name: `weir.${own.what}`, value: ownValue(core, own.what) } : null;
}

/** As text, which its binary form is, too. */
export function ownValue(core: Core, what: OwnSetting): string {
  const { who, options, policies, standing } = core;
  const { principal } = who;
  switch (what) {
    case "nonce":
      return options.nonce;
    case "principal":
      return told(core, { ...toldOf(principal), ...(who.refusal !== null && { refused: who.refusal.message }) });
    case "policy": {
      const asker = { set: policies, database: standing.database, principal, session: options.context };
      const { grants } = principal;
      return told(core, { ...inForce(asker, options.clock.nowMs()), ...(grants && { grants }) });
    }
    default:
      return what satisfies never;
  }
}

/** JSON that any client encoding has letters for. */
function told(core: Core, value: object): string {
  const json = JSON.stringify(value);
  return core.utf8
    ? json
    : json.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function toldOf(principal: Principal): object {
  const { kind, name, issuer, groups, assurance, login, client, serviceAccount, claims, actingFor } = principal;
  return {
    kind,
    name,
    issuer,
    groups,
    assurance,
    login,
    client,
    serviceAccount,
    claims,
    actingFor: actingFor === undefined ? undefined : toldOf(actingFor),
  };
}

export interface LiteralToken {
  readonly token: string;
  /** Of the text, without the quotes. */
  readonly startByte: number;
  readonly endByte: number;
}

const QUOTE = 0x27;

/** A token that stands in a text as a plain literal; null when it is written in any other way. */
export function literalToken(text: Buffer, place: TokenPlace): LiteralToken | null {
  if (!("literal" in place) || text[place.literal] !== QUOTE) return null;
  const startByte = place.literal + 1;
  const endByte = text.indexOf(QUOTE, startByte);
  const token = endByte === -1 ? "" : text.toString("latin1", startByte, endByte);
  return /^[A-Za-z0-9._~+/=-]+$/.test(token) && text[endByte + 1] !== QUOTE ? { token, startByte, endByte } : null;
}

export function withoutToken(core: Core, text: Buffer, { startByte, endByte }: LiteralToken): Buffer {
  return Buffer.concat([text.subarray(0, startByte), Buffer.from(core.names.next()), text.subarray(endByte)]);
}

export interface PreparedAs {
  readonly own: OwnPrepared;
  /** What the server gets to parse; null: the client's own text. */
  readonly text: Buffer | null;
}

/** null: it is for the server. */
export function ownPrepared(core: Core, text: Buffer, statement: Statement): PreparedAs | null {
  const own = ownOf(statement);
  if (own === null) return null;
  if (own.do === "show") return { own, text: Buffer.from(SHOWN_INSTEAD) };
  if (own.do === "forget") return { own: { do: "identify", local: own.local, token: "" }, text: null };
  const { local, token: place } = own;
  if ("parameter" in place) return { own: { do: "identify", local, token: place }, text: null };
  const given = literalToken(text, place);
  if (given === null) throw new Error("a token that is no plain literal is refused before");
  return { own: { do: "identify", local, token: given.token }, text: withoutToken(core, text, given) };
}

/** The Bind without the token that it holds; null: it holds none. */
export function boundToken(
  core: Core,
  frame: Buffer,
  { own }: Prepared,
): { readonly frame: Buffer; readonly token: string } | null {
  if (own?.do !== "identify" || typeof own.token === "string") return null;
  const bind = decodeBind(frame.subarray(5));
  const at = own.token.parameter - 1;
  const value = bind.parameters[at] ?? null;
  if (value === null || value.length === 0) return { frame, token: "" };
  const parameters = bind.parameters.map((each, index) => (index === at ? Buffer.from(core.names.next()) : each));
  return { frame: encodeBind({ ...bind, parameters }), token: value.toString("latin1") };
}
