// Start-up packets out of a byte stream; at most one is ever complete, because each waits for an answer.
import { decodeStartupPacket, type StartupPacket } from "./startup-packet.ts";
import { WireError } from "./wire-error.ts";

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH, which does not count the length word. */
export const STARTUP_BYTES_MAX = 10_000;
const LENGTH_BYTES = 4;
const CODE_BYTES = 4;

export class StartupReader {
  #held: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }

  /**
   * Bytes that follow the packet given out last. After SSLRequest and GSSENCRequest any such byte must end the
   * connection: a man in the middle would slip them in front of the encrypted stream (CVE-2021-23222).
   */
  get left(): Buffer {
    return this.#held;
  }

  /** The next packet, or null until it has arrived whole. Throws WireError as soon as its length is out of bounds. */
  next(): StartupPacket | null {
    const held = this.#held;
    if (held.length < LENGTH_BYTES) return null;
    const length = held.readUInt32BE(0);
    const bodyBytes = length - LENGTH_BYTES;
    if (bodyBytes < CODE_BYTES || bodyBytes > STARTUP_BYTES_MAX) {
      throw new WireError(`invalid length of startup packet: ${length}`);
    }
    if (held.length < length) return null;
    this.#held = held.subarray(length);
    return decodeStartupPacket(held.subarray(LENGTH_BYTES, length));
  }
}
