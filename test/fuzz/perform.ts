// Plays a hostile client on a socket. Whatever it does, its connection must end within a bound once it has left.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { cancelRequest } from "../support/messages.ts";
import type { Act, Play } from "./play.ts";

/** The login's own limit in these runs and the database's limit on a statement are far below it. */
const GONE_MS = 120_000;
const LISTEN_MS = 1_500;
const QUIET_MS = 8;
const HEAD_BYTES = 4_096;

export interface Ended {
  readonly bytesSent: number;
  readonly bytesRead: number;
  /** The connection was still open so long after the client had left. */
  readonly isStuck: boolean;
}

export async function perform(play: Play, port: number): Promise<Ended> {
  const client = new HostileClient(connect({ port, host: "127.0.0.1", noDelay: true }), port);
  for (const act of play.acts) {
    if (client.isGone) break;
    await client.act(act);
  }
  const isStuck = !(await client.leave(play.ending));
  return { bytesSent: client.bytesSent, bytesRead: client.bytesRead, isStuck };
}

class HostileClient {
  isGone = false;
  bytesSent = 0;
  bytesRead = 0;
  private head: Buffer = Buffer.alloc(0);
  private readMs = 0;
  private readonly gone: Promise<unknown>;
  private readonly socket: Socket;
  private readonly port: number;

  constructor(socket: Socket, port: number) {
    this.socket = socket;
    this.port = port;
    socket.on("error", () => {});
    this.gone = new Promise((resolve) => socket.once("close", resolve)).then(() => (this.isGone = true));
    socket.on("data", (chunk) => {
      this.bytesRead += chunk.length;
      this.readMs = Date.now();
      if (this.head.length < HEAD_BYTES) this.head = Buffer.concat([this.head, chunk]);
    });
  }

  async act(act: Act): Promise<void> {
    switch (act.do) {
      case "send":
        this.bytesSent += act.bytes.length;
        if (!this.socket.write(act.bytes))
          await Promise.race([once(this.socket, "drain"), delay(LISTEN_MS), this.gone]).catch(() => {}); // it may be cut off
        return;
      case "listen":
        return this.listen();
      case "pause":
        return delay(act.ms);
      case "stop reading":
        return void this.socket.pause();
      case "read on":
        return void this.socket.resume();
      case "cancel":
        return this.cancel();
    }
  }

  private async listen(): Promise<void> {
    const startMs = Date.now();
    const before = this.bytesRead;
    while (!this.isGone && Date.now() - startMs < LISTEN_MS) {
      if (this.bytesRead > before && Date.now() - this.readMs >= QUIET_MS) return;
      await delay(QUIET_MS);
    }
  }

  private async cancel(): Promise<void> {
    const key = keyIn(this.head);
    if (key === null) return;
    const other = connect(this.port, "127.0.0.1").on("error", () => {});
    other.end(cancelRequest(key.readInt32BE(0), key.subarray(4)));
    other.resume();
    await Promise.race([new Promise((resolve) => other.once("close", resolve)), delay(LISTEN_MS)]);
    other.destroy();
  }

  /** False: it was not let go in time. */
  async leave(ending: "close" | "reset"): Promise<boolean> {
    if (ending === "reset") this.socket.resetAndDestroy();
    else this.socket.resume().end();
    const limit = new AbortController();
    const late = delay(GONE_MS, null, { signal: limit.signal }).catch(() => {});
    await Promise.race([this.gone, late]);
    limit.abort();
    this.socket.destroy();
    return this.isGone;
  }
}

/** Process id and secret of BackendKeyData among the frames of a login. */
function keyIn(head: Buffer): Buffer | null {
  for (let at = 0; at + 5 <= head.length; at += 1 + Math.max(4, head.readInt32BE(at + 1))) {
    const end = at + 1 + head.readInt32BE(at + 1);
    if (head[at] === 0x4b && end <= head.length && end - at >= 13) return head.subarray(at + 5, end);
  }
  return null;
}
