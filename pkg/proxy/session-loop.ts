// The query phase of one session: bytes of both sockets into the gate, its effects performed in order. All records of one turn are
// one completed write to the spool before the first byte of that turn goes upstream (invariant 2).
import type { Socket } from "node:net";
import { AuditUnavailable } from "../audit/audit-unavailable.ts";
import type { AuditEvent } from "../audit/event.ts";
import type { Effect } from "../gate/effect.ts";
import type { Gate } from "../gate/gate.ts";
import type { Logger } from "../runtime/logger.ts";
import { fatalError } from "./login-error.ts";
import { endSocket } from "./sockets.ts";

export interface SessionLoopOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly gate: Gate;
  readonly logger: Logger;
  /** Returns when every record is with the kernel; throws AuditUnavailable otherwise. */
  readonly write: (events: readonly AuditEvent[], durability: "Process" | "Node") => void;
  /** Resolves when the cancel connection has ended. */
  readonly cancel: () => Promise<unknown>;
  readonly clientLeft: Buffer;
  readonly upstreamLeft: Buffer;
}

const NOT_RECORDED = "weir: the record of a statement could not be written, so nothing was sent to the database";
const SHUTTING_DOWN = "terminating connection due to administrator command";
/** Effects of more than this many bytes a side are written piece by piece instead of joined. */
const JOIN_BYTES_MAX = 16 * 1024;

export class SessionLoop {
  readonly #options: SessionLoopOptions;
  #over = false;
  #draining = false;
  #done: () => void = () => {};
  readonly ended: Promise<void>;

  constructor(options: SessionLoopOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  start(): void {
    const { client, upstream, gate, clientLeft, upstreamLeft } = this.#options;
    client.on("data", (chunk: Buffer) => this.#turn(() => gate.client(chunk)));
    upstream.on("data", (chunk: Buffer) => this.#turn(() => gate.server(chunk)));
    client.on("drain", () => this.#flow());
    upstream.on("drain", () => this.#flow());
    client.on("end", () => this.#close());
    upstream.on("end", () => this.#close());
    client.on("close", () => this.#close());
    upstream.on("close", () => this.#close());
    if (upstreamLeft.length > 0) this.#turn(() => gate.server(upstreamLeft));
    if (client.destroyed || client.readableEnded || upstream.destroyed || upstream.readableEnded) return this.#close();
    if (clientLeft.length > 0) this.#turn(() => gate.client(clientLeft));
    this.#flow();
  }

  /** Lets the open transaction end, then tells the client as a server that shuts down does. */
  drain(): void {
    this.#draining = true;
    this.#leaveWhenIdle();
  }

  /** Ends the session now. */
  terminate(): void {
    this.#end("57P01", SHUTTING_DOWN);
  }

  #turn(act: () => readonly Effect[]): void {
    if (this.#over) return;
    try {
      this.#perform(act());
    } catch (cause) {
      this.#options.logger.log("error", "session.defect", {
        error: cause instanceof Error ? cause.constructor.name : "unknown",
      });
      return this.#end("XX000", "weir: internal error, the session was ended");
    }
    this.#flow();
    if (this.#draining) this.#leaveWhenIdle();
  }

  #perform(effects: readonly Effect[]): void {
    if (!this.#record(effects)) return this.#end("58030", NOT_RECORDED);
    const up: Buffer[] = [];
    const down: Buffer[] = [];
    for (const effect of effects) {
      switch (effect.do) {
        case "record":
          break;
        case "forward":
          up.push(effect.bytes);
          break;
        case "reply":
          down.push(effect.bytes);
          break;
        case "cancel":
          this.#cancel();
          break;
        case "end":
          send(this.#options.upstream, up);
          send(this.#options.client, down);
          return this.#end(effect.sqlstate, effect.message);
        default:
          effect satisfies never;
      }
    }
    send(this.#options.upstream, up);
    send(this.#options.client, down);
  }

  /** False when a statement among them must not run without its record. */
  #record(effects: readonly Effect[]): boolean {
    const records = effects.filter((effect) => effect.do === "record");
    if (records.length === 0) return true;
    try {
      const durability = records.some((record) => record.durability === "Node") ? "Node" : "Process";
      this.#options.write(
        records.map((record) => record.event),
        durability,
      );
      return true;
    } catch (error) {
      if (!(error instanceof AuditUnavailable)) throw error;
      this.#options.logger.log("error", "audit.unavailable", { reason: error.message });
      return records.every((record) => record.onFailure === "Allow");
    }
  }

  #cancel(): void {
    const done = () => this.#turn(() => this.#options.gate.cancelDone());
    this.#options.cancel().then(done, done);
  }

  /** Back-pressure both ways: nobody is read while the other side cannot take more. */
  #flow(): void {
    if (this.#over) return;
    const { client, upstream, gate } = this.#options;
    setReading(client, !upstream.writableNeedDrain && !gate.holdsClient);
    setReading(upstream, !client.writableNeedDrain);
  }

  #leaveWhenIdle(): void {
    if (!this.#over && this.#options.gate.idle) this.#end("57P01", SHUTTING_DOWN);
  }

  #end(sqlstate: string, message: string): void {
    if (this.#over) return;
    this.#finish();
    endSocket(this.#options.client, fatalError(sqlstate, message));
    endSocket(this.#options.upstream);
  }

  /** One side is gone: what it sent last still reaches the other. */
  #close(): void {
    if (this.#over) return;
    this.#finish();
    endSocket(this.#options.client);
    endSocket(this.#options.upstream);
  }

  #finish(): void {
    this.#over = true;
    try {
      this.#options.write(
        this.#options.gate.gone().flatMap((effect) => (effect.do === "record" ? [effect.event] : [])),
        "Process",
      );
    } catch (error) {
      if (!(error instanceof AuditUnavailable)) throw error;
      this.#options.logger.log("error", "audit.unavailable", { reason: error.message });
    } finally {
      this.#done();
    }
  }
}

function setReading(socket: Socket, reading: boolean): void {
  if (reading === !socket.isPaused()) return;
  if (reading) socket.resume();
  else socket.pause();
}

/** One write a turn: system calls dominate the cost of a statement. */
function send(socket: Socket, pieces: readonly Buffer[]): void {
  if (pieces.length === 0 || socket.destroyed) return;
  if (pieces.length === 1) {
    socket.write(pieces[0]!);
    return;
  }
  if (pieces.reduce((sum, piece) => sum + piece.length, 0) <= JOIN_BYTES_MAX) {
    socket.write(Buffer.concat(pieces));
    return;
  }
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}
