// RFC 9396 `authorization_details`: elements of type `weir` become grants, others are for somebody else. An element that is not
// understood refuses the token: leaving it out would widen what the token allows.
import { ACTIONS, type Action, type Grant } from "../principal/grant.ts";
import { type Claims, isObject, listIn, timeIn } from "./claims.ts";
import { Refuse } from "./refused-token.ts";

const TYPE = "weir";
const GRANTS_MAX = 32;
const FIELDS = ["type", "databases", "actions", "tables", "rows", "expires"];

/** undefined: the token narrows nothing. */
export function grantsIn(details: unknown): readonly Grant[] | undefined {
  if (details === undefined) return undefined;
  if (!Array.isArray(details) || details.length > GRANTS_MAX || !details.every(isObject))
    throw new Refuse("restrictions");
  const ours = details.filter(({ type }) => type === TYPE);
  return ours.length === 0 ? undefined : ours.map(grantIn);
}

function grantIn(detail: Claims): Grant {
  if (Object.keys(detail).some((field) => !FIELDS.includes(field))) throw new Refuse("restrictions");
  const { databases, actions, tables, rows, expires } = detail;
  try {
    return {
      databases: optionalList(databases),
      actions: actions === undefined ? null : listIn(actions).flatMap(actionsIn),
      tables: optionalList(tables),
      rowsMax: rows === undefined ? null : wholeIn(rows),
      notAfterMs: timeIn(expires),
    };
  } catch {
    throw new Refuse("restrictions");
  }
}

function optionalList(value: unknown): readonly string[] | null {
  return value === undefined ? null : listIn(value);
}

function actionsIn(word: string): readonly Action[] {
  if (word === "write") return ["insert", "update", "delete"];
  const found = ACTIONS.find((action) => action === word);
  if (found === undefined) throw new Refuse("restrictions");
  return [found];
}

function wholeIn(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Refuse("restrictions");
}
