// Whether the backend that answers is still the session's own. Behind a pooler of transactions it may be any: settings, prepared statements
// and temp tables that are known of the session are then those of somebody else.
import type { Core } from "./core.ts";
import type { ErrandRow } from "./errand.ts";

/** `isolation`: what `isolationQuery` answered. False when the session has ended here. */
export function isSameBackend(core: Core, isolation: readonly ErrandRow[] | undefined): boolean {
  const pid = Number(isolation?.[0]?.[1]);
  if (core.backendPid === 0 && core.options.pooler === "Session") core.backendPid = pid;
  if (pid === core.backendPid) return true;
  core.endSession(
    "08004",
    "weir: this session ends, because a connection pooler has put it on another server connection: let the GovernedDatabase name the server itself, or a pooler with pool_mode=session",
  );
  return false;
}
