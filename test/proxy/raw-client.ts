// A client that sends exactly the bytes it is given and reads frames, for what no driver would do.
import { connect, type Socket } from "node:net";
import { FrameStream } from "../../pkg/proxy/frame-stream.ts";
import { PeerGone } from "../../pkg/proxy/login-error.ts";
import { Peer } from "../../pkg/proxy/peer.ts";
import { decodeErrorFields } from "../../pkg/wire/postgres/error-fields.ts";
import { SERVER_TYPES } from "../../pkg/wire/postgres/frame-reader.ts";

export interface RawClient {
  readonly socket: Socket;
  send(...packets: Buffer[]): void;
  /** One byte, the answer to an encryption request. */
  answer(): Promise<string>;
  /** Frames up to and with the first of `type`, or until the end. */
  until(type: string): Promise<{ type: string; body: Buffer }[]>;
  /** Everything until the end. */
  rest(): Promise<Buffer>;
  close(): void;
}

/** A port of loopback, or the path of a unix socket. */
export async function rawClient(at: number | string): Promise<RawClient> {
  const socket = connect(typeof at === "string" ? { path: at } : { host: "127.0.0.1", port: at, noDelay: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => {});
  const peer = new Peer(socket, "upstream");
  const frames = new FrameStream(peer, SERVER_TYPES, 1 << 20);
  return {
    socket,
    send: (...packets) => void socket.write(Buffer.concat(packets)),
    answer: async () => (await peer.read()).toString("latin1"),
    until: async (type) => {
      const found: { type: string; body: Buffer }[] = [];
      try {
        do found.push(await frames.next());
        while (found.at(-1)!.type !== type);
      } catch (error) {
        if (!(error instanceof PeerGone)) throw error;
        found.push({ type: "end", body: Buffer.alloc(0) });
      }
      return found;
    },
    rest: async () => {
      const chunks: Buffer[] = [];
      try {
        for (;;) chunks.push(await peer.read());
      } catch {
        return Buffer.concat(chunks);
      }
    },
    close: () => void socket.destroy(),
  };
}

/** SQLSTATE and message of the only ErrorResponse among `frames`. */
export function errorOf(frames: readonly { type: string; body: Buffer }[]): string {
  const errors = frames.filter((frame) => frame.type === "E").map((frame) => decodeErrorFields(frame.body));
  return errors.map((fields) => `${fields.get("S")} ${fields.get("C")} ${fields.get("M")}`).join("; ");
}
