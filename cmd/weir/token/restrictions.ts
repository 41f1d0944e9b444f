// What a token may be used for, as RFC 9396 `authorization_details` that a sidecar understands.
import { ACTIONS } from "../../../pkg/principal/grant.ts";
import { hint } from "../../../pkg/runtime/closest.ts";
import { UsageError } from "../command.ts";

export const restrictionOptions = {
  "read-only": { type: "boolean", default: false },
  actions: { type: "string", multiple: true },
  tables: { type: "string", multiple: true },
  databases: { type: "string", multiple: true },
  rows: { type: "string" },
  expires: { type: "string" },
} as const;

export const restrictionHelp = `what the token may be used for, beside every policy (RFC 9396); everything when none is given:
  --read-only          no writes
  --actions A,B        of read, insert, update, delete, write
  --tables T,U         such as public.orders, public.*
  --databases D,E      GovernedDatabases, such as shop/*
  --rows N             rows of one statement
  --expires TIME       from when on nothing is allowed any more: 15m, 2h, or a time such as 2026-11-28T23:00:00Z`;

export interface RestrictionArguments {
  readonly "read-only": boolean;
  readonly actions?: readonly string[] | undefined;
  readonly tables?: readonly string[] | undefined;
  readonly databases?: readonly string[] | undefined;
  readonly rows?: string | undefined;
  readonly expires?: string | undefined;
}

export interface Restriction {
  readonly type: "weir";
  readonly databases?: readonly string[];
  readonly actions?: readonly string[];
  readonly tables?: readonly string[];
  readonly rows?: number;
  /** Seconds since the Unix epoch. */
  readonly expires?: number;
}

/** null: no restriction is asked for. @throws UsageError with every problem */
export function restrictionOf(args: RestrictionArguments, nowMs: number): Restriction | null {
  const problems: string[] = [];
  const [actions, tables, databases] = [listOf(args.actions), listOf(args.tables), listOf(args.databases)];
  if (args["read-only"] && actions !== null) problems.push("give one of --read-only and --actions");
  for (const action of actions ?? [])
    if (action !== "write" && !ACTIONS.some((known) => known === action))
      problems.push(`--actions: there is no "${action}"${hint(action, [...ACTIONS, "write"])}`);
  const rows = args.rows === undefined ? null : Number(args.rows);
  if (rows !== null && !(/^\d{1,15}$/.test(args.rows!) && Number.isSafeInteger(rows)))
    problems.push("--rows: write a whole number");
  const expires = args.expires === undefined ? null : timeIn(args.expires, nowMs);
  if (expires !== null && !(expires * 1000 > nowMs))
    problems.push("--expires: write 15m, 2h or a time that is to come");
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  const asked = args["read-only"] ? ["read"] : actions;
  const restriction = {
    ...(databases && { databases }),
    ...(asked && { actions: asked }),
    ...(tables && { tables }),
    ...(rows !== null && { rows }),
    ...(expires !== null && { expires }),
  };
  return Object.keys(restriction).length === 0 ? null : { type: "weir", ...restriction };
}

function listOf(given: readonly string[] | undefined): readonly string[] | null {
  return given === undefined ? null : given.flatMap((text) => text.split(",")).filter((text) => text !== "");
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** NaN when it is neither a duration nor a time. */
function timeIn(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Math.floor(nowMs / 1000) + Number(count) * UNITS[unit as keyof typeof UNITS];
  return Math.floor(Date.parse(text) / 1000);
}
