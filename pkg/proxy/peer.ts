// One side of a login: reads a socket by promises, notices at once when it goes away, and gives the socket back untouched.
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { PeerGone } from "./login-error.ts";

/** A peer that sends more than this ahead of its turn is not read further until its turn comes. */
const AHEAD_BYTES_MAX = 64 * 1024;

export class Peer {
  readonly socket: Socket;
  readonly #name: "client" | "upstream";
  #chunks: Buffer[] = [];
  #aheadBytes = 0;
  #gone = false;
  #wake: () => void = () => {};
  #whenGone: () => void;
  readonly #onData = (chunk: Buffer) => this.#take(chunk);
  readonly #onGone = () => this.#leave();

  /** `whenGone` is called once when the peer has closed or lost its connection before `release`. */
  constructor(socket: Socket, name: "client" | "upstream", whenGone: () => void = () => {}) {
    this.socket = socket;
    this.#name = name;
    this.#whenGone = whenGone;
    socket.on("data", this.#onData).on("end", this.#onGone).on("close", this.#onGone);
    this.#gone = socket.destroyed || socket.readableEnded;
    socket.resume();
  }

  /** The next bytes. Rejects with PeerGone when there will be none. */
  async read(): Promise<Buffer> {
    while (this.#chunks.length === 0) {
      if (this.#gone) throw new PeerGone(this.#name);
      this.socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunk = this.#chunks.shift()!;
    this.#aheadBytes -= chunk.length;
    return chunk;
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The protocol name agreed in the TLS handshake; null without one. */
  get alpn(): string | null {
    return (this.socket instanceof TLSSocket && this.socket.alpnProtocol) || null;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Stops reading; returns what arrived and was not asked for. The socket is paused and has none of our listeners. */
  release(): Buffer {
    this.socket.off("data", this.#onData).off("end", this.#onGone).off("close", this.#onGone);
    this.socket.pause();
    this.#whenGone = () => {};
    return Buffer.concat(this.#chunks.splice(0));
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#aheadBytes += chunk.length;
    if (this.#aheadBytes > AHEAD_BYTES_MAX) this.socket.pause();
    this.#wake();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#wake();
    this.#whenGone();
  }
}
