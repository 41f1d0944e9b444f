// A raw protocol client: logs in, sends whatever bytes a test likes, keeps every frame the server sends.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { cancelRequest, frame, int32, startup, terminate } from "./messages.ts";
import { ScramClient } from "./scram.ts";

export interface BackendFrame {
  readonly type: string;
  readonly body: Buffer;
}

export interface FrontendOptions {
  readonly host?: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** 0x00030000 by default. */
  readonly version?: number;
  /** Asks for TLS first; the certificate is not checked. */
  readonly tls?: boolean;
}

/** Nothing in these tests takes longer; a wait that does is a hang. */
const WAIT_MS = Number(process.env.WEIR_TEST_WAIT_MS ?? 20_000);

interface Waiter {
  readonly done: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Frontend {
  readonly frames: BackendFrame[] = [];
  pid = 0;
  secret: Buffer = Buffer.alloc(0);
  closed = false;
  readonly #socket: Socket;
  readonly #options: FrontendOptions;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #needBytes = 5;
  #waiters: Waiter[] = [];
  #lastByteAt = 0;

  private constructor(socket: Socket, options: FrontendOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    socket.on("error", () => {});
  }

  /** A connected socket on which nothing has been said. */
  static async open(options: FrontendOptions): Promise<Frontend> {
    const socket = options.tls ? await secureSocket(options) : await plainSocket(options);
    return new Frontend(socket, options);
  }

  /** Logs in; resolves at the first ReadyForQuery, or at the end of the connection when the login is refused. */
  static async login(options: FrontendOptions): Promise<Frontend> {
    const frontend = await Frontend.open(options);
    await frontend.authenticate();
    return frontend;
  }

  async authenticate(): Promise<void> {
    const { user, database, parameters, version } = this.#options;
    this.send(startup({ user, database, ...parameters }, version));
    let seen = 0;
    const scram = new ScramClient(this.#options.password ?? "");
    for (;;) {
      await this.until(() => this.closed || this.frames.length > seen);
      if (this.frames.length === seen) return;
      const message = this.frames[seen++]!;
      if (message.type === "R") this.#answer(message.body, scram);
      if (message.type === "K") {
        this.pid = message.body.readInt32BE(0);
        this.secret = message.body.subarray(4);
      }
      if (message.type === "Z") return;
    }
  }

  #answer(body: Buffer, scram: ScramClient): void {
    const code = body.readInt32BE(0);
    if (code === 3) this.send(frame("p", Buffer.from(`${this.#options.password ?? ""}\0`)));
    if (code === 10) {
      const first = Buffer.from(scram.first());
      this.send(frame("p", Buffer.from("SCRAM-SHA-256\0"), int32(first.length), first));
    }
    if (code === 11) this.send(frame("p", Buffer.from(scram.final(body.subarray(4).toString()))));
  }

  send(...messages: readonly Buffer[]): void {
    this.sendAll(messages);
  }

  /** For more messages than a call takes arguments. */
  sendAll(messages: readonly Buffer[]): void {
    if (!this.closed) this.#socket.write(Buffer.concat(messages));
  }

  /** Resolves when `done` holds; asked after every chunk and at the end of the connection. */
  until(done: () => boolean, what = "frames"): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((waiter) => waiter.timer !== timer);
        const tail = this.frames
          .slice(-12)
          .map((one) => one.type)
          .join("");
        reject(
          new Error(`waited ${WAIT_MS} ms for ${what}; last frames: ${tail || "none"}${this.closed ? ", closed" : ""}`),
        );
      }, WAIT_MS);
      this.#waiters.push({ done, resolve, reject, timer });
    });
  }

  /** The next `count` ReadyForQuery beyond the `from`-th frame, or the end of the connection. */
  ready(count: number, from: number): Promise<void> {
    const seen = () => this.frames.slice(from).filter((one) => one.type === "Z").length;
    return this.until(() => this.closed || seen() >= count, `${count} ReadyForQuery`);
  }

  /** A frame of this type beyond the `from`-th, or the end of the connection. */
  frame(type: string, from: number): Promise<void> {
    return this.until(() => this.closed || this.frames.slice(from).some((one) => one.type === type), `a ${type} frame`);
  }

  /** A frame has arrived, or `mostMs` have passed. */
  async anything(mostMs: number): Promise<void> {
    const until = Date.now() + mostMs;
    while (this.frames.length === 0 && !this.closed && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 2));
  }

  /** Nothing has arrived for `quietMs`. */
  async quiet(quietMs: number): Promise<void> {
    const startedAt = Date.now();
    for (;;) {
      const silentMs = Date.now() - Math.max(startedAt, this.#lastByteAt);
      if (this.closed || silentMs >= quietMs) return;
      await new Promise((resolve) => setTimeout(resolve, quietMs - silentMs + 1));
    }
  }

  end(): Promise<void> {
    return this.until(() => this.closed, "the end of the connection");
  }

  /** Sends the messages and returns the frames up to as many ReadyForQuery as were asked for. */
  async ask(messages: readonly Buffer[], readies = 1): Promise<BackendFrame[]> {
    const from = this.frames.length;
    this.sendAll(messages);
    await this.ready(readies, from);
    return this.frames.slice(from);
  }

  /** A CancelRequest on a connection of its own; resolves when the server has closed that. */
  async cancel(): Promise<void> {
    const other = await Frontend.open(this.#options);
    other.send(cancelRequest(this.pid, this.secret));
    await other.end();
  }

  async terminate(): Promise<void> {
    this.send(terminate());
    this.#socket.end();
    await this.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#lastByteAt = Date.now();
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    if (this.#partBytes < this.#needBytes) return;
    const held = Buffer.concat(this.#parts);
    let at = 0;
    this.#needBytes = 5;
    while (held.length - at >= 5) {
      const end = at + 1 + held.readUInt32BE(at + 1);
      this.#needBytes = end - at;
      if (end > held.length) break;
      this.frames.push({ type: String.fromCharCode(held[at]!), body: Buffer.from(held.subarray(at + 5, end)) });
      at = end;
      this.#needBytes = 5;
    }
    this.#parts = [held.subarray(at)];
    this.#partBytes = held.length - at;
    this.#wake();
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => waiter.done());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) {
      clearTimeout(waiter.timer);
      waiter.resolve();
    }
  }
}

function plainSocket(options: FrontendOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options.port, options.host ?? "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function secureSocket(options: FrontendOptions): Promise<Socket> {
  const plain = await plainSocket(options);
  plain.write(Buffer.concat([int32(8, 80877103)]));
  const [answer] = await new Promise<[Buffer]>((resolve) => plain.once("data", (chunk: Buffer) => resolve([chunk])));
  if (answer[0] !== 0x53) throw new Error("the server does not offer TLS");
  return new Promise((resolve, reject) => {
    const secure = connectTls({ socket: plain, rejectUnauthorized: false }, () => resolve(secure));
    secure.once("error", reject);
  });
}
