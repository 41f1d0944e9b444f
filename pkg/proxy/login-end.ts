// Turns what ended a login into words for the client and a line for the log.
import { WireError } from "../wire/postgres/wire-error.ts";
import type { LoginEnded } from "./logged-in.ts";
import { fatalError, LoginError, PeerGone, UnsupportedProtocol, UpstreamRefused } from "./login-error.ts";

export class TimeLimit extends Error {}

/** What the client hears, and what we say happened. Anything unknown is a defect of ours and is thrown on. */
export function endOf(error: unknown): Omit<LoginEnded, "outcome"> & { readonly words: Buffer | null } {
  if (error instanceof PeerGone)
    return { why: "clientLeft", sqlstate: null, reason: error.message, detail: "", words: null };
  if (error instanceof UpstreamRefused)
    return { why: "refusedByServer", sqlstate: error.sqlstate, reason: error.message, detail: "", words: null };
  if (error instanceof UnsupportedProtocol)
    return { why: "refusedByUs", sqlstate: error.sqlstate, reason: error.message, detail: "", words: error.words };
  const { why, sqlstate, message, hint } = ourRefusal(error);
  const detail = error instanceof LoginError ? error.why : "";
  return { why, sqlstate, reason: message, detail, words: fatalError(sqlstate, message, hint) };
}

function ourRefusal(error: unknown): {
  why: LoginEnded["why"];
  sqlstate: string;
  message: string;
  hint?: string | undefined;
} {
  if (error instanceof LoginError)
    return { why: "refusedByUs", sqlstate: error.sqlstate, message: error.message, hint: error.hint };
  if (error instanceof WireError) return { why: "malformed", sqlstate: error.code, message: error.message };
  if (error instanceof TimeLimit)
    return { why: "timeLimit", sqlstate: "57014", message: "canceling authentication due to timeout" };
  throw error;
}
