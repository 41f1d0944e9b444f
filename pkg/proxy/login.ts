// One client from its first byte to its first ReadyForQuery: encryption, login, cancel key. What comes after is the query phase.
import type { Socket } from "node:net";
import { SERVER_TYPES } from "../wire/postgres/frame-reader.ts";
import { CLIENT_LOGIN_TYPES } from "../wire/postgres/password-message.ts";
import {
  brokeredLogin,
  brokeredStartup,
  negotiateVersion,
  readPassword,
  tellWithoutOurLogin,
} from "./brokered-login.ts";
import { authenticateClient, demandCertificate, isLocal } from "./client-authentication.ts";
import { type ClientStart, ClientStartup } from "./client-startup.ts";
import type { ClientSide, Conversation } from "./conversation.ts";
import type { Brokered } from "./credentials.ts";
import { relayUntilReady } from "./first-ready.ts";
import { type Frame, FrameStream } from "./frame-stream.ts";
import { greetServer } from "./greet-server.ts";
import type { LoggedIn, LoginEnded } from "./logged-in.ts";
import { endOf, TimeLimit } from "./login-end.ts";
import { LoginError, PeerGone } from "./login-error.ts";
import type { LoginOptions } from "./login-options.ts";
import { passThroughLogin, relayedStartup } from "./pass-through-login.ts";
import { Peer } from "./peer.ts";
import type { Proof } from "./proof.ts";
import { endSocket } from "./sockets.ts";
import { LOCAL_ADDRESS, readStartup, type Startup } from "./startup.ts";
import { connectUpstream } from "./upstream.ts";
import type { Way } from "./upstream-tls.ts";

/** Never rejects, but at a defect of ours. */
export async function login(client: Socket, options: LoginOptions): Promise<LoggedIn | LoginEnded> {
  const attempt = new LoginAttempt(client, options);
  return attempt.run();
}

const TIME_LIMIT_MS = 60_000;
/** PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH and the frame's header. */
const ANSWER_BYTES_MAX = 65_535 + 5;
/** Settings, notices and errors of a login are far below. */
const SERVER_FRAME_BYTES_MAX = 1 << 20;

class LoginAttempt {
  readonly #options: LoginOptions;
  readonly #client: Socket;
  readonly #startup: ClientStartup;
  /** Aborted when the login must not go on: the client left, or its time is up. */
  readonly #stop = new AbortController();
  #upstreamSocket: Socket | null = null;
  /** A client that has not said what it wants hears nothing at its time limit, as with PostgreSQL. */
  #hasStarted = false;

  constructor(client: Socket, options: LoginOptions) {
    this.#options = options;
    this.#client = client;
    const leave = () => this.#abandon(new PeerGone("client"));
    const certificate = options.local === true ? null : options.certificate();
    this.#startup = new ClientStartup(client, certificate, (socket) => new Peer(socket, "client", leave));
  }

  async run(): Promise<LoggedIn | LoginEnded> {
    const limitMs = this.#options.timeLimitMs ?? TIME_LIMIT_MS;
    const timer = setTimeout(() => this.#abandon(new TimeLimit()), limitMs);
    try {
      const start = await this.#unlessStopped(this.#startup.run());
      this.#hasStarted = true;
      return await this.#unlessStopped(this.#serve(start));
    } catch (error) {
      return this.#end(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #serve(start: ClientStart): Promise<LoggedIn | LoginEnded> {
    if (start.kind === "startup") return this.#logIn(start);
    await this.#options.cancels.cancel(start.key);
    this.#startup.peer.release();
    endSocket(this.#startup.peer.socket);
    return { outcome: "ended", why: "cancelRequest", sqlstate: null, reason: "cancel request", detail: "" };
  }

  async #logIn(start: Extract<ClientStart, { kind: "startup" }>): Promise<LoggedIn> {
    const { peer } = this.#startup;
    const frames = new FrameStream(peer, CLIENT_LOGIN_TYPES, ANSWER_BYTES_MAX, start.left);
    const address = this.#options.local === true ? LOCAL_ADDRESS : (this.#client.remoteAddress ?? "");
    const startup = readStartup(start.message, start.tls !== null, address);
    const side: ClientSide = { peer, frames, startup, tls: start.tls, certificate: start.certificate };
    this.#demand(side);
    await this.#admit(startup, null);
    this.#takeSlot();
    return this.#options.credentials.mode === "Brokered"
      ? this.#brokered(side, this.#options.credentials)
      : this.#passThrough(side);
  }

  /** What a connection must be, whoever logs in; one over a unix socket needs none of it. */
  #demand(side: ClientSide): void {
    const { local, requireTls, clientCertificate } = this.#options;
    if (local === true) return;
    if (requireTls && !side.startup.encrypted) {
      throw new LoginError(
        "28000",
        "Weir takes encrypted connections only here",
        "Connect with sslmode=require or stricter.",
      );
    }
    if (clientCertificate !== undefined) demandCertificate(side, clientCertificate);
  }

  async #admit(startup: Startup, proof: Proof | null): Promise<void> {
    const admission = await this.#options.admit(startup, proof);
    if (!admission.admit) throw new LoginError(admission.sqlstate, admission.message, admission.hint);
  }

  #takeSlot(): void {
    const release = this.#options.sessions.take();
    if (release === null)
      throw new LoginError(
        "53300",
        "sorry, too many clients already",
        "Raise Weir's connection limit, or close connections.",
      );
    this.#client.once("close", release);
    if (this.#client.destroyed) release();
  }

  async #passThrough(client: ClientSide): Promise<LoggedIn> {
    const { upstream } = this.#options;
    const proof: Proof = { by: "password", local: isLocal(client.startup.address) };
    await this.#admit(client.startup, proof);
    const connect = (way: Way) => this.#connect(client, way);
    const greeted = await greetServer({ upstream, packet: relayedStartup(client.startup), connect });
    const version = await passThroughLogin(greeted);
    return this.#finish(greeted.talk, { version, upstreamUser: client.startup.user, proof });
  }

  async #brokered(client: ClientSide, credentials: Brokered): Promise<LoggedIn> {
    const { upstream, random } = this.#options;
    const version = negotiateVersion(client);
    const proof = await authenticateClient(client, credentials, random);
    await this.#admit(client.startup, proof);
    const password = await readPassword(credentials, upstream.name);
    const connect = async (way: Way) => {
      const talk = await this.#connect(client, way);
      return { ...talk, tell: (frame: Frame) => tellWithoutOurLogin(frame, talk) };
    };
    const greeted = await greetServer({ upstream, packet: brokeredStartup(client.startup, credentials.user), connect });
    await brokeredLogin(greeted, credentials, password);
    return this.#finish(greeted.talk, { version, upstreamUser: credentials.user, proof });
  }

  async #connect(client: ClientSide, way: Way): Promise<Conversation> {
    const { upstream, random, serverText } = this.#options;
    const connection = await connectUpstream(upstream, way, this.#stop.signal);
    this.#upstreamSocket = connection.socket;
    if (this.#stop.signal.aborted) connection.socket.destroy();
    const peer = new Peer(connection.socket, "upstream");
    const frames = new FrameStream(peer, SERVER_TYPES, SERVER_FRAME_BYTES_MAX);
    const tell = (frame: Frame) => {
      const text = serverText === undefined ? frame.bytes : serverText(frame.bytes, client.startup);
      if (text !== null) client.peer.write(text);
    };
    return { client, upstream: { peer, frames, connection }, random, tell };
  }

  async #finish(talk: Conversation, made: Pick<LoggedIn, "version" | "upstreamUser" | "proof">): Promise<LoggedIn> {
    const { cancels, prepare } = this.#options;
    const { client, upstream } = talk;
    const sql = prepare?.(client.startup) ?? null;
    const { parameters, cancel, backendPid } = await relayUntilReady(talk, { cancels, version: made.version, sql });
    const { socket } = client.peer;
    if (cancel !== null) socket.once("close", () => cancel.registration.release());
    if (client.peer.gone || this.#stop.signal.aborted) {
      cancel?.registration.release();
      throw new PeerGone("client");
    }
    return {
      outcome: "loggedIn",
      client: socket,
      upstream: upstream.connection.socket,
      startup: client.startup,
      ...made,
      parameters,
      backendPid,
      clientEncrypted: client.tls !== null,
      upstreamEncrypted: upstream.connection.encrypted,
      cancelTarget: cancel?.target ?? null,
      cancelRegistration: cancel?.registration ?? null,
      clientLeft: client.frames.release(),
      upstreamLeft: upstream.frames.release(),
    };
  }

  #abandon(reason: Error): void {
    this.#stop.abort(reason);
    this.#upstreamSocket?.destroy();
  }

  /** The outcome of `step`, or the reason to stop, whichever comes first; `step` then ends by itself, its peers being gone. */
  async #unlessStopped<T>(step: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    return new Promise<T>((resolve, reject) => {
      const stopped = () => reject(signal.reason as Error);
      if (signal.aborted) stopped();
      signal.addEventListener("abort", stopped, { once: true });
      step.then(resolve, reject).finally(() => signal.removeEventListener("abort", stopped));
    });
  }

  #end(error: unknown): LoginEnded {
    const { peer } = this.#startup;
    peer.release();
    this.#abandon(new PeerGone("client"));
    const { words, ...ended } = endOf(error);
    const canHear = ended.why !== "clientLeft" && (this.#hasStarted || ended.why !== "timeLimit");
    if (canHear) endSocket(peer.socket, words ?? undefined);
    else peer.socket.destroy();
    return { outcome: "ended", ...ended };
  }
}
