// The last step of a login, in front of the client's first ReadyForQuery: the server's session is set to what is pinned for it, and it
// is asked which backend it is. Behind a pooler that is another than the key of the login says; nothing that Weir sets or knows of a
// session stays with it there, unless the pooler keeps one server connection for each client's.
import { dataRowFields } from "../wire/postgres/data-row.ts";
import { encodeQuery } from "../wire/postgres/query.ts";
import { decodeReadyForQuery } from "../wire/postgres/ready-for-query.ts";
import type { Conversation } from "./conversation.ts";
import type { Frame } from "./frame-stream.ts";
import { LoginError, UpstreamRefused } from "./login-error.ts";
import { label, nextUpstreamFrame, unexpected } from "./upstream-frame.ts";

const BACKEND_SQL = "SELECT pg_catalog.pg_backend_pid()";

/** `keyPid`: of BackendKeyData; null when the server gave none. `setting` gets each ParameterStatus. Resolves with the backend's own. */
export async function prepareServer(
  talk: Conversation,
  sql: readonly string[],
  keyPid: number | null,
  setting: (frame: Frame) => void,
): Promise<number> {
  talk.upstream.peer.write(encodeQuery(Buffer.from([...sql, BACKEND_SQL].join("; "))));
  const pid = await answered({ ...talk, tell: () => {} }, setting).catch((error: unknown) => {
    throw error instanceof UpstreamRefused ? notTaken(talk, error.sqlstate) : error;
  });
  const { pooler } = talk.upstream.connection.address.upstream;
  if (pid !== keyPid && pooler !== "Session") throw behindPooler(talk);
  return pid;
}

async function answered(talk: Conversation, setting: (frame: Frame) => void): Promise<number> {
  let pid = Number.NaN;
  for (;;) {
    const frame = await nextUpstreamFrame(talk);
    switch (frame.type) {
      case "D":
        pid = Number(dataRowFields(frame.body)[0]?.toString("latin1"));
        break;
      case "S":
        setting(frame);
        break;
      case "C":
      case "T":
        break;
      case "Z":
        decodeReadyForQuery(frame.body);
        return pid;
      default:
        throw unexpected(talk, frame);
    }
  }
}

function notTaken(talk: Conversation, sqlstate: string): LoginError {
  const hint =
    "Check role and settings of upstreamSessions in Weir's configuration, and that the login is a member of the role.";
  const message = `${label(talk)} did not take the role or a setting that is pinned for it (${sqlstate})`;
  return new LoginError("28000", message, hint, { why: "pinned settings" });
}

function behindPooler(talk: Conversation): LoginError {
  const message = `${label(talk)} is behind a connection pooler, so what is set and known of a session would not stay with it`;
  const hint =
    "Let the GovernedDatabase name the server itself. If the pooler keeps one server connection for each session (pool_mode=session), say so in Weir's configuration: upstreamSessions, pooler: Session.";
  return new LoginError("08004", message, hint, { why: "pooler" });
}
