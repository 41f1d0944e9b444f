// One address, TCP or a unix socket, that clients connect to, with a bound on how many of them have not logged in yet.
import type { Server, Socket } from "node:net";
import { fatalError } from "./login-error.ts";
import { Slots } from "./slots.ts";
import { endSocket, tcpServer } from "./sockets.ts";
import { listenOnUnix, type UnixAddress } from "./unix-socket.ts";

/** Connections that the kernel keeps for us while we are busy; a storm above it would be met with lost SYNs and long retries. */
const BACKLOG = 4096;
const TURNED_AWAY_MAX = 1024;
/** How long one may take to read why. */
const TURN_AWAY_MS = 1_000;
const TOO_MANY = fatalError("53300", "too many logins at once", "Try again, or raise Weir's limit of logins.");

export interface TcpAddress {
  /** Empty: every address of the machine. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export type ListenAddress = TcpAddress | UnixAddress;

export type ListenerOptions = ListenAddress & {
  /** How many connections may be logging in at once. */
  readonly loginsMax: number;
  /**
   * Serves one connection; the socket is paused. `loggedIn` must be called when the login has ended, well or not;
   * the promise ends with the connection and must not reject.
   */
  readonly serve: (socket: Socket, loggedIn: () => void) => Promise<void>;
};

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #logins: Slots;
  /** Those that are being told that there are too many; beyond it a connection is closed without a word. */
  readonly #turnedAway = new Slots(TURNED_AWAY_MAX);
  readonly #connections = new Set<Promise<void>>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#logins = new Slots(options.loginsMax);
    this.#server = tcpServer((socket) => this.#accept(socket));
  }

  /** Resolves with the port, 0 for a unix socket, once connections are taken; rejects with the system's error. */
  async listen(): Promise<number> {
    if ("path" in this.#options) await listenOnUnix(this.#server, this.#options);
    else await this.#listenOnTcp(this.#options);
    this.#server.on("error", () => {}); // a failed accept (no descriptors left) concerns one client
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  #listenOnTcp({ host, port }: TcpAddress): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ ...(host !== "" && { host }), port, backlog: BACKLOG }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  get logins(): number {
    return this.#logins.taken;
  }

  /** Takes no new connection from now on. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Resolves when every connection that was taken has ended. */
  async drained(): Promise<void> {
    while (this.#connections.size > 0) await Promise.all(this.#connections);
  }

  #accept(socket: Socket): void {
    const release = this.#logins.take();
    if (release === null) {
      this.#turnAway(socket);
      return;
    }
    const served = this.#options.serve(socket, release).finally(() => {
      release();
      this.#connections.delete(served);
    });
    this.#connections.add(served);
  }

  #turnAway(socket: Socket): void {
    const release = this.#turnedAway.take();
    if (release === null) {
      socket.destroy();
      return;
    }
    socket.once("close", release);
    endSocket(socket, TOO_MANY, TURN_AWAY_MS);
  }
}
