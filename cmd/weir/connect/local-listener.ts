// The local end of `weir connect`: takes PostgreSQL clients of this user, logs each in at the gateway with the token of the moment, and
// then only carries bytes. A port of loopback is open to every user of the machine, so clients prove there, by SCRAM, that they know the
// password that was made for this run; a unix socket lies in a folder that nobody else may enter, and asks for nothing.
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import type { AddressInfo, Server, Socket } from "node:net";
import { dirname } from "node:path";
import { CancelRegistry } from "../../../pkg/proxy/cancel-registry.ts";
import { fatalError, LoginError, PeerGone, UnsupportedProtocol } from "../../../pkg/proxy/login-error.ts";
import { makeVerifier, type ScramVerifier } from "../../../pkg/proxy/scram-keys.ts";
import { Slots } from "../../../pkg/proxy/slots.ts";
import { endSocket, tcpServer } from "../../../pkg/proxy/sockets.ts";
import { listenOnUnix } from "../../../pkg/proxy/unix-socket.ts";
import type { Random } from "../../../pkg/runtime/random.ts";
import { WireError } from "../../../pkg/wire/postgres/wire-error.ts";
import { exits } from "../command.ts";
import { LoginProblem } from "../login/login-problem.ts";
import type { TokenSource } from "../login/token-source.ts";
import { type Gateway, GatewayRefused } from "./gateway-session.ts";
import { serveClient } from "./local-client.ts";

export type LocalEnd =
  /** Port 0: any. */
  | { readonly kind: "port"; readonly port: number; readonly password: string }
  | { readonly kind: "socket"; readonly path: string };

export interface ListenerOptions {
  readonly gateway: Gateway;
  readonly tokens: TokenSource;
  readonly end: LocalEnd;
  readonly random: Random;
  /** What a person should know, such as that a login was refused. */
  readonly tell: (line: string) => void;
}

export interface LocalListener {
  /** 0 for a unix socket. */
  readonly port: number;
  stop(): Promise<void>;
}

const SESSIONS_MAX = 256;
const LOGIN_WITHIN_MS = 60_000;
const SALT_BYTES = 16;

/** Rejects with LoginProblem. */
export async function listenLocally(options: ListenerOptions): Promise<LocalListener> {
  const { end, random } = options;
  const verifier = end.kind === "port" ? await makeVerifier(Buffer.from(end.password), random.bytes(SALT_BYTES)) : null;
  const open = new Set<Socket>();
  const slots = new Slots(SESSIONS_MAX);
  const cancels = new CancelRegistry(random);
  const server = tcpServer((socket) => {
    const release = slots.take();
    if (release === null) return void socket.destroy();
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      release();
    });
    void greet(socket, options, verifier, cancels);
  });
  await listen(server, end).catch((error: NodeJS.ErrnoException) => {
    throw error instanceof LoginProblem ? error : cannotListen(end, error);
  });
  const address = server.address() as AddressInfo | string;
  return {
    port: typeof address === "string" ? 0 : address.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          if (end.kind === "socket") rmSync(end.path, { force: true });
          resolve();
        });
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Never rejects: whatever is wrong is the client's to hear. */
async function greet(
  socket: Socket,
  { gateway, tokens, random, tell }: ListenerOptions,
  verifier: ScramVerifier | null,
  cancels: CancelRegistry,
): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), LOGIN_WITHIN_MS);
  try {
    await serveClient(socket, { gateway, tokens, verifier, random, cancels });
  } catch (error) {
    const last = lastWords(error);
    if (error instanceof LoginProblem) tell(error.message);
    if (!(error instanceof PeerGone) && last === null) tell(`a session failed: ${(error as Error).message}`);
    endSocket(socket, last ?? undefined);
  } finally {
    clearTimeout(timer);
  }
}

/** What the client gets as the server's last frame; null: nothing. */
function lastWords(error: unknown): Buffer | null {
  if (error instanceof GatewayRefused) return error.frame;
  if (error instanceof UnsupportedProtocol) return error.words;
  if (error instanceof LoginError) return fatalError(error.sqlstate, `weir connect: ${error.message}`, hintOf(error));
  if (error instanceof LoginProblem) return fatalError("28000", `weir connect: ${error.message}`);
  if (error instanceof WireError) return fatalError("08P01", `weir connect: ${error.message}`);
  return null;
}

/** Hints about a GovernedDatabase are for those who run the sidecar. */
function hintOf({ hint }: LoginError): string | undefined {
  return hint?.includes("GovernedDatabase")
    ? "Compare --gateway, --ca and --server-name with what the gateway shows."
    : hint;
}

async function listen(server: Server, end: LocalEnd): Promise<void> {
  if (end.kind === "socket") {
    ownFolder(dirname(end.path));
    return await listenOnUnix(server, { path: end.path, mode: 0o600 });
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(end.port, "127.0.0.1", () => {
      server.off("error", reject).on("error", () => {}); // a failed accept concerns one client
      resolve();
    });
  });
}

/** Made with mode 0700; one that is there must be ours, and is closed to others only if it is empty of their rights already. */
function ownFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) chmodSync(folder, 0o700);
  const { mode, uid } = lstatSync(folder);
  if ((mode & 0o077) !== 0 || uid !== (process.geteuid?.() ?? uid))
    throw new LoginProblem(
      `others may enter ${folder}; name a folder of yours with mode 0700, or one that is not there yet`,
      exits.usage,
    );
}

function cannotListen(end: LocalEnd, { code, message }: NodeJS.ErrnoException): LoginProblem {
  const where = end.kind === "port" ? `127.0.0.1:${end.port}` : end.path;
  const remedy = code === "EADDRINUSE" ? "; something listens there already, name another with --port or --socket" : "";
  return new LoginProblem(`cannot listen on ${where}: ${code ?? message}${remedy}`, exits.unavailable);
}
