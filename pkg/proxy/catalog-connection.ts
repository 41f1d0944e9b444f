// Our own session on the server, for the catalogue and what else we ask it ourselves: extended protocol, text results, bounded.
import { serialize } from "pg-protocol";
import type { Random } from "../runtime/random.ts";
import { decodeAuthentication } from "../wire/postgres/authentication.ts";
import { dataRowFields } from "../wire/postgres/data-row.ts";
import { TERMINATE } from "../wire/postgres/empty-messages.ts";
import { decodeErrorFields } from "../wire/postgres/error-fields.ts";
import { SERVER_TYPES } from "../wire/postgres/frame-reader.ts";
import { PROTOCOL_3_0 } from "../wire/postgres/protocol-version.ts";
import { encodeStartupMessage } from "../wire/postgres/startup-packet.ts";
import type { UpstreamTalk } from "./conversation.ts";
import { FrameStream } from "./frame-stream.ts";
import { type Greeted, greetServer } from "./greet-server.ts";
import { Peer } from "./peer.ts";
import { endSocket } from "./sockets.ts";
import { connectUpstream, type Upstream } from "./upstream.ts";
import { authenticateUpstream } from "./upstream-authentication.ts";
import { nextUpstreamFrame } from "./upstream-frame.ts";
import type { Way } from "./upstream-tls.ts";

export interface CatalogLogin {
  readonly upstream: Upstream;
  readonly user: string;
  /** Read at each login; in the server's bytes, without line end. */
  readonly password: () => Promise<Buffer>;
  readonly database: string;
  readonly random: Random;
  /** For the login, and for each query from its sending to its last row. 30 s when not given. */
  readonly timeLimitMs?: number;
  /** All rows of one query together. 256 MiB when not given. */
  readonly resultBytesMax?: number;
}

/** The server refused the login or a query. `message` is the server's own primary message. */
export class CatalogError extends Error {
  readonly sqlstate: string;

  constructor(body: Buffer) {
    const fields = decodeErrorFields(body);
    super(Buffer.from(fields.get("M") ?? "no message", "latin1").toString("utf8"));
    this.sqlstate = fields.get("C") ?? "XX000";
  }
}

export type CatalogRows = readonly (readonly (string | null)[])[];

const TIME_LIMIT_MS = 30_000;
const RESULT_BYTES_MAX = 256 << 20;
/** A view's definition is one value of one row. */
const FRAME_BYTES_MAX = 64 << 20;

export class CatalogConnection {
  readonly #login: CatalogLogin;
  readonly #talk: UpstreamTalk;
  /** Settles when the query before has ended. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(login: CatalogLogin, talk: UpstreamTalk) {
    this.#login = login;
    this.#talk = talk;
  }

  /** Rejects with LoginError when the server cannot be reached, CatalogError when it refuses. */
  static async open(login: CatalogLogin): Promise<CatalogConnection> {
    const stop = new AbortController();
    const timer = setTimeout(
      () => stop.abort(new Error("the login took too long")),
      login.timeLimitMs ?? TIME_LIMIT_MS,
    );
    let talk: UpstreamTalk | null = null;
    try {
      const packet = encodeStartupMessage(PROTOCOL_3_0, Object.entries(settingsOf(login)));
      const connect = async (way: Way) => {
        talk = await talkTo(login, way, stop.signal);
        return talk;
      };
      const greeted = await greetServer({ upstream: login.upstream, packet, connect });
      await logIn(greeted, login);
      return new CatalogConnection(login, greeted.talk);
    } catch (error) {
      (talk as UpstreamTalk | null)?.upstream.peer.socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * One statement with text parameters; rows as text, in the order of the server. Queries wait for each other.
   * Rejects with CatalogError when the server refuses the statement: the connection goes on. After any other error
   * (lost, too slow, too large) the connection is closed.
   */
  query(text: string, parameters: readonly (string | null)[] = []): Promise<CatalogRows> {
    const answer = this.#turn.then(() => this.#withinLimit(() => this.#ask(text, parameters)));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  get closed(): boolean {
    return this.#talk.upstream.peer.gone;
  }

  close(): void {
    const { peer } = this.#talk.upstream;
    peer.release();
    endSocket(peer.socket, TERMINATE);
  }

  async #ask(text: string, parameters: readonly (string | null)[]): Promise<CatalogRows> {
    const messages = [
      serialize.parse({ text }),
      serialize.bind({ values: [...parameters] }),
      serialize.execute(),
      serialize.sync(),
    ];
    this.#talk.upstream.peer.write(Buffer.concat(messages));
    const rows: (string | null)[][] = [];
    let refused: CatalogError | null = null;
    let leftBytes = this.#login.resultBytesMax ?? RESULT_BYTES_MAX;
    for (;;) {
      const { type, body } = await this.#talk.upstream.frames.next();
      leftBytes -= body.length;
      if (leftBytes < 0) throw new Error("a catalogue query returned more than its limit of bytes");
      if (type === "D") rows.push(dataRowFields(body).map((value) => value?.toString("utf8") ?? null));
      else if (type === "E") refused = new CatalogError(body);
      else if (type === "Z") break;
    }
    if (refused !== null) throw refused;
    return rows;
  }

  async #withinLimit<T>(act: () => Promise<T>): Promise<T> {
    const { socket } = this.#talk.upstream.peer;
    const timer = setTimeout(() => socket.destroy(), this.#login.timeLimitMs ?? TIME_LIMIT_MS);
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof CatalogError)) socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

const settingsOf = ({ user, database }: CatalogLogin) => ({
  user,
  database,
  client_encoding: "UTF8",
  application_name: "weir",
  search_path: "pg_catalog",
});

async function talkTo(login: CatalogLogin, way: Way, signal: AbortSignal): Promise<UpstreamTalk> {
  const connection = await connectUpstream(login.upstream, way, signal);
  signal.addEventListener("abort", () => connection.socket.destroy(), { once: true });
  const peer = new Peer(connection.socket, "upstream");
  const frames = new FrameStream(peer, SERVER_TYPES, FRAME_BYTES_MAX);
  const tell = (frame: { type: string; body: Buffer }) => {
    if (frame.type === "E") throw new CatalogError(frame.body);
  };
  return { upstream: { peer, frames, connection }, random: login.random, tell };
}

async function logIn({ talk, request }: Greeted<UpstreamTalk>, login: CatalogLogin): Promise<void> {
  const password = await login.password();
  await authenticateUpstream(talk, decodeAuthentication(request.body), { user: login.user, password });
  while ((await nextUpstreamFrame(talk)).type !== "Z");
}
