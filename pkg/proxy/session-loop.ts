// The query phase of one session: bytes of both sockets into the gate, its effects performed in order. All records of one turn are
// one completed write to the spool before the first byte of that turn goes upstream (invariant 2).
import type { Socket } from "node:net";
import type { AuditEvent } from "../audit/event.ts";
import type { Effect } from "../gate/effect.ts";
import type { Gate } from "../gate/gate.ts";
import type { Identified } from "../gate/identified.ts";
import type { Logger } from "../runtime/logger.ts";
import { ByteAccount, type ByteBudget, type ByteBudgets } from "./byte-budget.ts";
import { type ByteSource, byteSource, type SharedBuffer } from "./byte-source.ts";
import { fatalError } from "./login-error.ts";
import { OutgoingBytes } from "./outgoing-bytes.ts";
import type { RecordLane } from "./record-lane.ts";
import { endSocket } from "./sockets.ts";

export interface SessionLoopOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly gate: Gate;
  readonly logger: Logger;
  readonly records: Pick<RecordLane, "ask" | "later" | "now" | "flush">;
  /** Resolves when the cancel connection has ended. */
  readonly cancel: () => Promise<unknown>;
  /** Of a token that a statement of this session gives. */
  readonly verify: (token: string) => Promise<Identified>;
  readonly reads: SharedBuffer;
  /** What all sessions of the process share, for each direction. */
  readonly budgets: ByteBudgets;
  readonly clientLeft: Buffer;
  readonly upstreamLeft: Buffer;
}

const NOT_RECORDED = "weir: the record of a statement could not be written, so nothing was sent to the database";
const DEFECT = "weir: internal error, the session was ended";
const OUT_OF_BYTES =
  "weir: out of memory for large messages: this session held some and hardly moved while others waited";
const SHUTTING_DOWN = "terminating connection due to administrator command";

export interface Ending {
  readonly sqlstate: string;
  readonly message: string;
}

export class SessionLoop {
  readonly #options: SessionLoopOptions;
  readonly #client: ByteSource;
  readonly #upstream: ByteSource;
  readonly #up: OutgoingBytes;
  readonly #down: OutgoingBytes;
  readonly #fromClient: ByteAccount;
  readonly #fromUpstream: ByteAccount;
  /** Turns whose effects wait for their records. */
  #held = 0;
  #over = false;
  #leaving: Ending | null = null;
  #done: () => void = () => {};
  readonly ended: Promise<void>;

  constructor(options: SessionLoopOptions) {
    this.#options = options;
    const { reads, gate } = options;
    this.#client = byteSource({
      socket: options.client,
      shared: reads,
      chunks: "Kept",
      inUse: () => true,
      take: (chunk) => this.#turn(gate.client, chunk),
    });
    this.#upstream = byteSource({
      socket: options.upstream,
      shared: reads,
      chunks: "Lent",
      inUse: () => this.#held > 0 || this.#client.socket.writableLength > 0,
      take: (chunk) => this.#turn(gate.server, chunk),
    });
    this.#up = new OutgoingBytes(this.#upstream.socket);
    this.#down = new OutgoingBytes(this.#client.socket);
    this.#fromClient = this.#account(options.budgets.fromClients, this.#client.socket, this.#upstream.socket);
    this.#fromUpstream = this.#account(options.budgets.fromServers, this.#upstream.socket, this.#client.socket);
    this.ended = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  start(): void {
    const { gate, clientLeft, upstreamLeft } = this.#options;
    const client = this.#client.socket;
    const upstream = this.#upstream.socket;
    for (const socket of [client, upstream]) {
      socket.on("drain", () => this.#flow());
      socket.on("end", () => this.#close());
      socket.on("close", () => this.#close());
    }
    if (upstreamLeft.length > 0) this.#turn(gate.server, upstreamLeft);
    this.#upstream.start();
    if (client.destroyed || client.readableEnded || upstream.destroyed || upstream.readableEnded) return this.#close();
    if (clientLeft.length > 0) this.#turn(gate.client, clientLeft);
    this.#client.start();
    this.#flow();
  }

  #account(budget: ByteBudget, from: Socket, to: Socket): ByteAccount {
    return new ByteAccount(budget, {
      wake: () => this.#flow(),
      evict: () => this.#end("53200", OUT_OF_BYTES),
      movedBytes: () => from.bytesRead + to.bytesWritten,
    });
  }

  /** Lets the open transaction end, then tells the client as a server that shuts down does. */
  drain(): void {
    this.leave({ sqlstate: "57P01", message: SHUTTING_DOWN });
  }

  /** Ends the session when its open transaction has ended. */
  leave(why: Ending): void {
    this.#leaving ??= why;
    this.#leaveWhenIdle();
  }

  /** Ends the session now. */
  terminate({ sqlstate, message }: Ending = { sqlstate: "57P01", message: SHUTTING_DOWN }): void {
    this.#end(sqlstate, message);
  }

  #turn<T>(act: (this: Gate, what: T) => readonly Effect[], what: T): void {
    this.#settle();
    if (this.#over) return;
    try {
      const effects = act.call(this.#options.gate, what);
      if (effects.length > 0) this.#record(effects);
    } catch (cause) {
      this.#options.logger.log("error", "session.defect", {
        error: cause instanceof Error ? cause.constructor.name : "unknown",
      });
      return this.#end("XX000", DEFECT);
    }
    this.#flow();
    if (this.#leaving !== null) this.#leaveWhenIdle();
  }

  /** What an earlier turn decided goes on first. */
  #settle(): void {
    if (this.#held > 0) this.#options.records.flush();
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case "record":
          break;
        case "forward":
          this.#up.add(effect.bytes);
          break;
        case "reply":
          this.#down.add(effect.bytes);
          break;
        case "cancel":
          this.#cancel();
          break;
        case "verify":
          this.#verify(effect.token);
          break;
        case "end":
          this.#send();
          return this.#end(effect.sqlstate, effect.message);
        default:
          effect satisfies never;
      }
    }
    this.#send();
  }

  /** One write a side and turn: system calls dominate the cost of a statement. */
  #send(): void {
    this.#up.send();
    this.#down.send();
    if (this.#client.socket.writableLength === 0) this.#options.gate.repliesLeft();
  }

  /** The records of a turn first; what they tell of goes on when they are written. */
  #record(effects: readonly Effect[]): void {
    const events: AuditEvent[] = [];
    let durability: "Process" | "Node" = "Process";
    let mayWait = true;
    let mayGoOn = true;
    for (const effect of effects) {
      if (effect.do !== "record") continue;
      events.push(effect.event);
      if (effect.event.event !== "outcome") mayWait = false;
      if (effect.durability === "Node") durability = "Node";
      if (effect.onFailure === "Deny") mayGoOn = false;
    }
    if (mayWait && durability === "Process") {
      if (events.length > 0) this.#options.records.later(events);
      return this.#perform(effects);
    }
    this.#held += 1;
    this.#options.records.ask(events, durability, (recorded) => {
      this.#held -= 1;
      if (this.#over) return;
      if (recorded || mayGoOn) this.#perform(effects);
      else this.#end("58030", NOT_RECORDED);
      this.#flow();
    });
  }

  #verify(token: string): void {
    const found = (outcome: Identified) => this.#turn(this.#options.gate.identified, outcome);
    this.#options.verify(token).then(found, () => this.#end("XX000", DEFECT));
  }

  #cancel(): void {
    const done = () => this.#turn(this.#options.gate.cancelDone, undefined);
    this.#options.cancel().then(done, done);
  }

  /** Back-pressure both ways: nobody is read while the other side cannot take more, or the process cannot hold more. */
  #flow(): void {
    if (this.#over) return;
    const { gate } = this.#options;
    const client = this.#client.socket;
    const upstream = this.#upstream.socket;
    const holdsUp = this.#fromClient.covers(gate.clientBytes + upstream.writableLength);
    const holdsDown = this.#fromUpstream.covers(gate.serverBytes + client.writableLength);
    this.#client.setReading(holdsUp && !upstream.writableNeedDrain && !gate.holdsClient);
    this.#upstream.setReading(holdsDown && !client.writableNeedDrain);
  }

  #leaveWhenIdle(): void {
    const leaving = this.#leaving;
    if (leaving !== null && !this.#over && this.#options.gate.idle) this.#end(leaving.sqlstate, leaving.message);
  }

  #end(sqlstate: string, message: string): void {
    this.#settle();
    if (this.#over) return;
    const words = this.#options.gate.isMidReply ? undefined : fatalError(sqlstate, message);
    this.#finish();
    endSocket(this.#client.socket, words);
    endSocket(this.#upstream.socket);
  }

  /** One side is gone: what it sent last still reaches the other. */
  #close(): void {
    this.#settle();
    if (this.#over) return;
    this.#finish();
    endSocket(this.#client.socket);
    endSocket(this.#upstream.socket);
  }

  #finish(): void {
    this.#over = true;
    this.#fromClient.close();
    this.#fromUpstream.close();
    try {
      const left = this.#options.gate.gone();
      this.#options.records.now(left.flatMap((effect) => (effect.do === "record" ? [effect.event] : [])));
    } finally {
      this.#done();
    }
  }
}
