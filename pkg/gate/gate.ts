// One session between login and end: bytes of either side in, effects in order out. Every client frame is decoded and decided
// here before anything of it goes upstream; a frame that must wait holds those behind it (invariants 1, 2, 6).
import { ownPermit } from "../policy/permit.ts";
import { checkEmpty, FLUSH, TERMINATE } from "../wire/postgres/empty-messages.ts";
import { decodeExecute } from "../wire/postgres/execute.ts";
import { CLIENT_TYPES, FrameReader, SERVER_TYPES } from "../wire/postgres/frame-reader.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { breakCopy, onCopyData, onCopyEnd } from "./copy-in.ts";
import { Core } from "./core.ts";
import type { Effect } from "./effect.ts";
import { closeUnrun, finishRun, recordOutcome } from "./events.ts";
import { onExecute } from "./execute.ts";
import { bindNames, onBind, onClose, onDescribe, onFlush, onParse, onSync } from "./extended.ts";
import { onFunctionCall } from "./function-call.ts";
import type { Identified } from "./identified.ts";
import { governed } from "./judge.ts";
import { isDecidable, LargeFrame, PIECES_FROM_BYTES } from "./large-frames.ts";
import { onCancelDone } from "./on-ready.ts";
import type { GateOptions } from "./options.ts";
import { mustPin, pinSession } from "./pinned-session.ts";
import { onQuery } from "./query.ts";
import { onServerFrame, passesAsRows, passesUnread } from "./server-lane.ts";
import { signedOver, signFor } from "./sign.ts";

export class Gate {
  readonly #core: Core;
  readonly #client: FrameReader;
  readonly #server: FrameReader;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** The reader has given out all that it was handed, and nothing waits. */
  #takesMore = true;
  #terminated = false;

  constructor(options: GateOptions) {
    this.#core = new Core(options);
    const limits = { frameBytesMax: options.limits.frameBytesMax };
    this.#client = new FrameReader(CLIENT_TYPES, limits);
    this.#server = new FrameReader(SERVER_TYPES, limits);
  }

  /** The client's bytes as they come, cut anywhere. */
  client(chunk: Buffer): Effect[] {
    if (this.#core.ended) return [];
    if (this.#takesMore) {
      this.#takesMore = false;
      this.#client.push(chunk);
    } else {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
    }
    this.#pump();
    return this.#core.take();
  }

  /** The server's bytes as they come, cut anywhere. */
  server(chunk: Buffer): Effect[] {
    if (this.#core.ended) return [];
    try {
      this.#server.push(chunk);
      this.#fromServer();
      this.#pump();
    } catch (error) {
      this.#broken("server", error);
    }
    return this.#core.take();
  }

  /** Frames of the server, as far as they have come. */
  #fromServer(): void {
    const core = this.#core;
    const server = this.#server;
    do {
      if (server.pieceBytesLeft > 0) continue;
      while (!core.ended && server.advance()) {
        if (core.flow !== null && passesAsRows(core, server)) continue;
        onServerFrame(core, server.type, server.buffer, server.start, server.end);
        if (core.wait !== null) this.#pump();
      }
    } while (!core.ended && this.#pieceFromServer());
  }

  /** Passes the next piece of a large frame on; false when there is none, or when it must be collected. */
  #pieceFromServer(): boolean {
    const core = this.#core;
    const server = this.#server;
    if (server.pieceBytesLeft === 0) {
      if (server.begunBytes < PIECES_FROM_BYTES || !passesUnread(core, server.begun[0]!)) return false;
      server.beginPieces();
    }
    if (!server.advancePiece()) return false;
    core.replies.pass(server.buffer, server.start, server.end);
    return true;
  }

  /** Every reply handed out so far has left, so that the memory of rewritten rows may be used again. */
  repliesLeft(): void {
    this.#core.replies.sink.reuse();
  }

  /** The connection that asked for a cancel has ended. */
  cancelDone(): Effect[] {
    try {
      onCancelDone(this.#core);
      this.#pump();
    } catch (error) {
      this.#broken("server", error);
    }
    return this.#core.take();
  }

  /** What became of the token that was to be verified. */
  identified(outcome: Identified): Effect[] {
    if (this.#core.ended) return [];
    this.#core.identified(outcome);
    this.#pump();
    return this.#core.take();
  }

  /** Either side is gone: whatever runs is closed in the records. */
  gone(): Effect[] {
    for (const entry of this.#core.owed.drain()) {
      for (const part of entry.parts) {
        if (part.run !== null) finishRun(this.#core, part.run, "broken", null, null);
        else if (part.standIn?.number != null) recordOutcome(this.#core, part.standIn.number, "refused", null);
      }
      entry.errand?.settle(true);
      if (entry.standIn?.number != null && entry.parts.length === 0)
        recordOutcome(this.#core, entry.standIn.number, "refused", null);
    }
    for (const prepared of this.#core.statements.values()) closeUnrun(this.#core, prepared);
    return this.#core.take();
  }

  /** More client bytes would only wait: stop reading from the client. */
  get holdsClient(): boolean {
    return this.#waitingBytes > this.#core.options.limits.waitingBytesMax;
  }

  /** Bytes of the client that are here, or will be: a frame that has begun is collected whole. */
  get clientBytes(): number {
    return this.#waitingBytes + Math.max(this.#client.begunBytes, this.#client.heldBytes);
  }

  get serverBytes(): number {
    return Math.max(this.#server.begunBytes, this.#server.heldBytes);
  }

  /** The client has got the beginning of a frame whose end is still to come. */
  get isMidReply(): boolean {
    return this.#server.pieceBytesLeft > 0;
  }

  /** Between transactions, with nothing owed and nothing waiting. */
  get idle(): boolean {
    const { transaction, owed, unsynced, wait, large } = this.#core;
    const settled = owed.length === 0 && !unsynced && wait === null && large === null;
    return transaction === "I" && settled && this.#takesMore;
  }

  get terminated(): boolean {
    return this.#terminated;
  }

  #broken(side: "client" | "server", error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    const why = error.message;
    this.#core.endSession(
      "08P01",
      side === "client"
        ? `weir: protocol violation by the client: ${why}`
        : `weir: the database broke the protocol: ${why}`,
    );
  }

  /** Client frames in order, up to one that waits. What is wrong with them is the client's doing, whatever set them free. */
  #pump(): void {
    try {
      this.#pumpFrames();
    } catch (error) {
      this.#broken("client", error);
    }
  }

  #pumpFrames(): void {
    const core = this.#core;
    while (!core.ended && !this.#terminated) {
      if (core.large?.settled) {
        if (!this.#movePiece(core.large) && !this.#feed()) return;
        continue;
      }
      const { wait } = core;
      if (wait !== null) {
        if (!wait.until()) return;
        core.wait = null;
        wait.resume();
        continue;
      }
      if (core.large !== null) {
        core.large.settled = true;
        continue;
      }
      if (core.muzzle !== null && !this.#mayMove()) return;
      const client = this.#client;
      if (client.advance()) this.#dispatch(client.type, client.buffer.subarray(client.start, client.end));
      else if (isDecidable(client)) this.#beginLarge();
      else if (!this.#feed()) return;
    }
  }

  /** Under a muzzle the rest of an extended batch still goes up to its Sync; everything after it waits for the end of the cancel. */
  #mayMove(): boolean {
    return this.#core.unsynced;
  }

  #feed(): boolean {
    const chunk = this.#waiting.shift();
    this.#takesMore = chunk === undefined;
    if (chunk === undefined) return false;
    this.#waitingBytes -= chunk.length;
    this.#client.push(chunk);
    return true;
  }

  #beginLarge(): void {
    const large = new LargeFrame(this.#client);
    this.#core.large = large;
    this.#dispatch(large.type, large.head);
  }

  #movePiece(large: LargeFrame): boolean {
    if (!this.#client.advancePiece()) return false;
    this.#core.forwardPiece(large.next(this.#client), this.#client.pieceBytesLeft === 0);
    return true;
  }

  #dispatch(type: number, frame: Buffer): void {
    const core = this.#core;
    if (!core.who.lasts) core.who.look(core.options.clock.nowMs());
    if (mustDrain(core, type)) {
      if (core.unsynced) core.forward(FLUSH, ownPermit.protocol);
      core.hold({
        why: "drain",
        until: () => core.owed.length === 0 && core.muzzle === null,
        resume: () => this.#pinned(type, frame),
      });
      return;
    }
    this.#pinned(type, frame);
  }

  /** What is pinned in the server's session is so before anything runs there. */
  #pinned(type: number, frame: Buffer): void {
    const core = this.#core;
    const go = () => this.#handle(type, frame);
    this.#sign(type, frame);
    if (mustPin(core, String.fromCharCode(type))) pinSession(core, go);
    else go();
  }

  /** Who asks may be that of the statement alone. */
  #sign(type: number, frame: Buffer): void {
    const core = this.#core;
    if (core.signed === null && !core.who.isSigned) return;
    const letter = String.fromCharCode(type);
    if (letter === "B") return signFor(core, core.statements.get(bindNames(core, frame).statement));
    if (letter === "E") return signFor(core, core.portals.get(decodeExecute(frame, 5).portal)?.prepared);
    if (letter === "Q" || letter === "P" || letter === "F") signedOver(core);
  }

  #handle(type: number, frame: Buffer): void {
    const core = this.#core;
    if (core.copyIn !== null && !"dcfSHX".includes(String.fromCharCode(type))) return breakCopy(core, type);
    switch (String.fromCharCode(type)) {
      case "Q":
        return onQuery(core, frame);
      case "P":
        return onParse(core, frame);
      case "B":
        return onBind(core, frame);
      case "E":
        return onExecute(core, frame);
      case "D":
        return onDescribe(core, frame);
      case "C":
        return onClose(core, frame);
      case "S":
        checkEmpty(frame, "Sync", 5);
        return onSync(core);
      case "H":
        checkEmpty(frame, "Flush", 5);
        return onFlush(core);
      case "F":
        return onFunctionCall(core, frame);
      case "d":
        return onCopyData(core, frame);
      case "c":
      case "f":
        return onCopyEnd(core, frame);
      case "X":
        this.#terminated = true;
        return core.forward(TERMINATE, ownPermit.protocol);
      default:
        throw new WireError(`message type 0x${type.toString(16)} belongs to the login`);
    }
  }
}

/** Where a rule may apply, a batch begins only when the last one is answered: then the transaction's state is known. So is what a Query amid it does to names. */
function mustDrain(core: Core, type: number): boolean {
  if (core.owed.length === 0 || core.copyIn !== null) return false;
  const letter = String.fromCharCode(type);
  const begins = !core.unsynced && "QPBEDCF".includes(letter);
  const inBatch = core.unsynced && (letter === "Q" || letter === "F" || core.owed.hasWhole);
  return (begins || inBatch) && !core.skipping && (core.who.isSet || core.who.isSigned || governed(core));
}
