// `weir connect DATABASE`: a person logs in at the issuer, and programs of this machine reach the database through a port that only that
// person can use.
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { getCACertificates } from "node:tls";
import { LoginError } from "../../../pkg/proxy/login-error.ts";
import { systemRandom } from "../../../pkg/runtime/random.ts";
import { TERMINATE } from "../../../pkg/wire/postgres/empty-messages.ts";
import { decodeErrorFields } from "../../../pkg/wire/postgres/error-fields.ts";
import { PROTOCOL_3_0 } from "../../../pkg/wire/postgres/protocol-version.ts";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import { userConfig } from "../config.ts";
import { addressOf, type Context, contextOf, contextOptions, issuerHelp, needed } from "../contexts.ts";
import { LoginProblem, printable, toldProblem } from "../login/login-problem.ts";
import { readGiven } from "../login/read-given.ts";
import { connectionLines, environmentOf, type LocalConnection, SOCKET_PORT, socketIn } from "./connection-strings.ts";
import { type Gateway, GatewayRefused, openSession } from "./gateway-session.ts";
import { type LocalEnd, type LocalListener, listenLocally } from "./local-listener.ts";
import { loginOf } from "./login-name.ts";
import { runCommand } from "./run-command.ts";
import { tokenSourceOf } from "./token-source-of.ts";

const options = {
  ...contextOptions,
  device: { type: "boolean", default: false },
  remember: { type: "boolean", default: false },
  "token-file": { type: "string" },
  port: { type: "string" },
  socket: { type: "string" },
} as const;

export const connect: Command = {
  summary: "log in at your identity provider and get a local port to a governed database",
  help: `usage: weir connect DATABASE --gateway HOST:PORT [options] [-- PROGRAM ARG...]

Logs you in (OIDC), listens on a port of this machine, and prints how psql, JDBC and others connect to it. Each connection there is
logged in at the gateway, or at a sidecar, with your token as the password, over TLS that is verified; tokens are renewed for as
long as it runs. With a PROGRAM, that is run with the connection in its environment (PGHOST and so on, DATABASE_URL), and when it
ends, all ends.

${issuerHelp}
  --token access|id    which of the issuer's tokens to show to the gateway; default access
  --device             log in with a code at any browser, where this machine has none
  --remember           keep the refresh token in ~/.config/weir/logins (mode 0600), so that next time nobody is asked
  --token-file FILE    a token that somebody else renews, read at each login, in place of a login at the issuer
  --client-secret-file, --client-key-file, --client-assertion-file FILE
                       a program's own login (client credentials) in place of a person's; see \`weir token --help\`
  --gateway HOST:PORT  where Weir listens; its certificate must be for HOST
  --server-name NAME   or for this name
  --ca FILE            CA of the gateway, as PEM; not given: the system's
  --login NAME         the database login; default: who acts in the token (act), else its subject
  --login-claim NAME   or this claim of it, such as email
  --port PORT          of 127.0.0.1; default: any that is free. Clients there need the password that is printed, good for this run
  --socket FOLDER      a unix socket in a folder of mode 0700 (made if need be) in place of the port; no password there

exit codes: that of PROGRAM, or 0 ended by Ctrl-C, 1 refused by the issuer or the gateway, 64 wrong arguments,
69 the issuer or the gateway cannot be reached or is not who it should be, 127 there is no such PROGRAM, 130 ended before it was ready`,
  async run(args, terminal) {
    const cut = args.indexOf("--");
    const command = cut === -1 ? null : args.slice(cut + 1);
    const { values, positionals } = readArguments(cut === -1 ? args : args.slice(0, cut), options, 1);
    // What the program prints is all that its reader gets.
    const tell = command === null ? terminal.print : (line = "") => void process.stderr.write(`${line}\n`);
    const [database] = positionals;
    if (database === undefined) throw new UsageError("name the database: weir connect DATABASE");
    if (command?.length === 0) throw new UsageError("name the program behind --");
    const ending = interruptions();
    try {
      const config = userConfig();
      const context = contextOf(values, config);
      const tokenFile = values["token-file"];
      needed(context, tokenFile === undefined ? ["gateway", "issuer", "clientId"] : ["gateway"]);
      const upstream = upstreamOf(context, database);
      const end = endOf(values);
      const { device, remember } = values;
      const tokens = await tokenSourceOf({ context, config, tokenFile, device, remember, tell, signal: ending.signal });
      const token = await tokens.token();
      const login = context.login ?? loginOf(token, context.loginClaim);
      const gateway: Gateway = { upstream, login, database };
      await tryOnce(gateway, token);
      const listener = await listenLocally({ gateway, tokens, end, random: systemRandom, tell });
      try {
        const connection = connectionOf(gateway, end, listener);
        if (command !== null) {
          ending.release();
          return await runCommand(command, { ...config.childEnvironment, ...environmentOf(connection) });
        }
        tell(
          `${terminal.green("✓")} ${terminal.bold(database)} as ${terminal.bold(login)}, through ${context.gateway}\n`,
        );
        for (const line of connectionLines(connection)) tell(`  ${line}`);
        tell(
          `\nFor this user of this machine, until Ctrl-C. Each new connection is logged in with your token of that moment.`,
        );
        await ending.happened;
        return exits.good;
      } finally {
        await listener.stop();
      }
    } catch (error) {
      return toldProblem(error);
    } finally {
      ending.release();
    }
  },
};

function upstreamOf(context: Context, database: string): Gateway["upstream"] {
  const { gateway } = needed(context, ["gateway"]);
  const ca = context.ca === undefined ? systemCas() : readGiven("--ca", context.ca);
  const { serverName } = context;
  const tls = { mode: "verify-full", ca, ...(serverName !== undefined && { serverName }) } as const;
  return { name: database, ...addressOf(gateway)!, tls };
}

const systemCas = () => [...getCACertificates("default"), ...getCACertificates("system")].join("\n");

const PASSWORD_BYTES = 18;

function endOf({ port, socket }: { readonly port?: string; readonly socket?: string }): LocalEnd {
  if (port !== undefined && socket !== undefined) throw new UsageError("give one of --port and --socket");
  if (socket !== undefined) return { kind: "socket", path: socketIn(resolve(socket)) };
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
    throw new UsageError("--port: write a number up to 65535");
  return { kind: "port", port: Number(port ?? 0), password: randomBytes(PASSWORD_BYTES).toString("base64url") };
}

/** Logs in and out: what is wrong is told now, not to a driver later. Rejects with LoginProblem. */
async function tryOnce(gateway: Gateway, token: string): Promise<void> {
  try {
    const parameters = [["application_name", "weir connect"]] as const;
    const { connection } = await openSession(gateway, { version: PROTOCOL_3_0, parameters, token });
    connection.socket
      .on("close", () => {})
      .resume()
      .end(TERMINATE);
  } catch (error) {
    if (error instanceof GatewayRefused) {
      throw new LoginProblem(`the gateway refuses the login "${gateway.login}": ${wordsOf(error.frame)}`);
    }
    if (error instanceof LoginError)
      throw new LoginProblem(
        `${printable(error.message)}; compare --gateway, --server-name and --ca with what listens there`,
        exits.unavailable,
      );
    throw error;
  }
}

function wordsOf(frame: Buffer): string {
  const fields = decodeErrorFields(frame.subarray(5));
  const words = (letter: string) => printable(Buffer.from(fields.get(letter) ?? "", "latin1").toString("utf8"));
  return `${words("M")} (${words("C")})${fields.has("H") ? `\n${words("H")}` : ""}`;
}

function connectionOf({ login, database }: Gateway, end: LocalEnd, { port }: LocalListener): LocalConnection {
  return end.kind === "port"
    ? { host: "127.0.0.1", port, login, database, password: end.password }
    : { host: end.path.slice(0, end.path.lastIndexOf("/")), port: SOCKET_PORT, login, database, password: null };
}

interface Ending {
  /** Aborted by the first signal, with a LoginProblem. */
  readonly signal: AbortSignal;
  readonly happened: Promise<void>;
  release(): void;
}

function interruptions(): Ending {
  const controller = new AbortController();
  const happened = new Promise<void>((resolve) => controller.signal.addEventListener("abort", () => resolve()));
  const abort = () => controller.abort(new LoginProblem("ended before it was ready", exits.interrupted));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, abort);
  return {
    signal: controller.signal,
    happened,
    release() {
      for (const signal of signals) process.off(signal, abort);
    },
  };
}
