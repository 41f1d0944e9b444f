// Whole frames of a peer, one promise a frame; for the login only, the query phase reads without promises.
import { FrameReader } from "../wire/postgres/frame-reader.ts";
import type { Peer } from "./peer.ts";

export interface Frame {
  /** The type letter. */
  readonly type: string;
  /** The whole frame; its own copy. */
  readonly bytes: Buffer;
  /** The frame without type and length. */
  readonly body: Buffer;
}

export class FrameStream {
  readonly #peer: Peer;
  readonly #reader: FrameReader;

  /** `known` as for FrameReader; `first` are bytes of the peer that have been read already. */
  constructor(peer: Peer, known: Uint8Array, frameBytesMax: number, first?: Buffer) {
    this.#peer = peer;
    this.#reader = new FrameReader(known, { frameBytesMax });
    if (first !== undefined) this.#reader.push(first);
  }

  /** Rejects with PeerGone at the end, WireError at a malformed frame. */
  async next(): Promise<Frame> {
    while (!this.#reader.advance()) this.#reader.push(await this.#peer.read());
    const { buffer, start, end } = this.#reader;
    const bytes = Buffer.from(buffer.subarray(start, end));
    return { type: String.fromCharCode(bytes[0]!), bytes, body: bytes.subarray(5) };
  }

  /** Gives the socket back; returns the bytes after the last frame. */
  release(): Buffer {
    return Buffer.concat([this.#reader.held(), this.#peer.release()]);
  }
}
