// The login with the server's password held by us: after the client has proved itself to us, we log in as someone else.
import { decodeAuthentication, encodeAuthentication } from "../wire/postgres/authentication.ts";
import { decodeErrorFields } from "../wire/postgres/error-fields.ts";
import { encodeNegotiateProtocolVersion } from "../wire/postgres/negotiate-protocol-version.ts";
import { PROTOCOL_3_2 } from "../wire/postgres/protocol-version.ts";
import { encodeStartupMessage } from "../wire/postgres/startup-packet.ts";
import type { ClientSide, Conversation } from "./conversation.ts";
import type { Brokered } from "./credentials.ts";
import type { Frame } from "./frame-stream.ts";
import type { Greeted } from "./greet-server.ts";
import { fatalError, LoginError } from "./login-error.ts";
import type { Startup } from "./startup.ts";
import { authenticateUpstream } from "./upstream-authentication.ts";
import { label } from "./upstream-frame.ts";

/** Protocol options, which nobody has defined yet, begin with this. */
const OPTION_PREFIX = "_pq_.";

/** Answers what the client asks of the protocol, before its login is proved. Returns the version it goes on with. */
export function negotiateVersion(client: ClientSide): number {
  const { version, parameters } = client.startup;
  const options = parameters.map(([name]) => name).filter((name) => name.startsWith(OPTION_PREFIX));
  if (version <= PROTOCOL_3_2 && options.length === 0) return version;
  client.peer.write(encodeNegotiateProtocolVersion({ version: PROTOCOL_3_2, options }));
  return Math.min(version, PROTOCOL_3_2);
}

/** What the client asked, under the login that we hold. */
export const brokeredStartup = (startup: Startup, user: string): Buffer =>
  encodeStartupMessage(PROTOCOL_3_2, parametersFor(startup, user));

/** Ends when the server has accepted us and the client, which is proved already, knows. `talk` tells without our login. */
export async function brokeredLogin(
  { talk, request }: Greeted<Conversation>,
  credentials: Brokered,
  password: Buffer,
): Promise<void> {
  await authenticateUpstream(talk, decodeAuthentication(request.body), { user: credentials.user, password });
  talk.client.peer.write(encodeAuthentication({ method: "ok" }));
}

/** Rejects with LoginError 28000. */
export function readPassword(credentials: Brokered, database: string): Promise<Buffer> {
  return credentials.password().catch((cause: Error) => {
    const hint = "Check the file that the GovernedDatabase's credentials name.";
    throw new LoginError("28000", `Weir cannot read its password for database "${database}"`, hint, { cause });
  });
}

function parametersFor(startup: Startup, user: string): [string, string][] {
  const others = startup.parameters.filter(
    ([name]) => name !== "user" && name !== "database" && !name.startsWith(OPTION_PREFIX),
  );
  return [
    ["user", user],
    ["database", startup.database],
    ...others.map(([name, value]): [string, string] => [name, value]),
  ];
}

/** An error about our own login is ours to repair, and its text names a login that is not the client's business. */
export function tellWithoutOurLogin(frame: Frame, talk: Conversation): void {
  const sqlstate = decodeErrorFields(frame.body).get("C") ?? "";
  if (!sqlstate.startsWith("28")) return talk.tell(frame);
  const hint = "Check user and password of the GovernedDatabase's credentials and the server's pg_hba.conf.";
  talk.client.peer.write(fatalError("28000", `Weir could not log in to ${label(talk)} (${sqlstate})`, hint));
}
