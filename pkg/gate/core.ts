// The state of one governed session that every handler of the gate shares, and the few verbs they have: forward, reply, record,
// ask, wait. Nothing here decides; it keeps the order.
import type { AuditEvent } from "../audit/event.ts";
import { GivenValues } from "../mask/given-values.ts";
import type { ClassBook } from "../policy/class-book.ts";
import type { Refusal, Warning } from "../policy/decision.ts";
import { DecisionMemory } from "../policy/decision-memory.ts";
import { ownPermit, type Permit } from "../policy/permit.ts";
import type { PolicySet } from "../policy/rules.ts";
import { Names } from "../session/names.ts";
import { OwedQueue } from "../session/owed.ts";
import { FLUSH } from "../wire/postgres/empty-messages.ts";
import { encodeFunctionCall } from "../wire/postgres/function-call.ts";
import type { TransactionStatus } from "../wire/postgres/ready-for-query.ts";
import { AllClear, noteLifted } from "./all-clear.ts";
import type { Effect } from "./effect.ts";
import type { Errand } from "./errand.ts";
import { refusalError, warningNotice } from "./error-reply.ts";
import type { Flow } from "./flow.ts";
import type { Identified } from "./identified.ts";
import { Knowledge } from "./knowledge.ts";
import type { LargeFrame } from "./large-frames.ts";
import type { Owed, Portal, Prepared, Run, StandIn } from "./model.ts";
import type { GateOptions } from "./options.ts";
import { PinnedSession } from "./pinned-session.ts";
import { OwnNames } from "./raise.ts";
import { Replies } from "./replies.ts";
import type { Signed } from "./sign.ts";
import { Standing } from "./standing.ts";
import { Temporary } from "./temporary.ts";
import { Uncommitted } from "./uncommitted.ts";
import { Who } from "./who.ts";

/** Client frames wait until `until()` holds; then `resume()` runs and they go on. */
export interface Wait {
  readonly why: "drain" | "errand" | "copy start" | "row limit" | "muzzle" | "identity";
  readonly until: () => boolean;
  readonly resume: () => void;
}

/** The client is told an error and hears nothing more of the server until its next ReadyForQuery. */
export interface Muzzle {
  cancelling: boolean;
  ready: TransactionStatus | null;
}

export interface CopyIn {
  readonly owed: Owed;
  readonly policyVersion: string;
  dataSeen: boolean;
  /** A Sync that the server may have read after COPY had failed: sent when it turns out that it had. */
  syncOwed: boolean;
}

const noParts: Owed["parts"] = [];

export class Core {
  readonly options: GateOptions;
  readonly names: OwnNames;
  readonly owed = new OwedQueue<Owed>();
  readonly statements = new Names<Prepared>();
  readonly portals = new Names<Portal>();
  readonly knowledge: Knowledge;
  readonly standing: Standing;
  readonly who: Who;
  /** null: nothing is pinned. */
  readonly session: PinnedSession | null;
  /** A statement of the open batch whose text says who asks. */
  signed: Signed | null = null;
  readonly temporary = new Temporary();
  replies = new Replies();
  readonly allClear = new AllClear();
  /** A statement of the open transaction has taken a snapshot, so that one more of ours changes nothing. */
  snapshotTaken = false;
  /**
   * Rights to what queries of ours use may be missing: one has failed, or this transaction changed rights. In a transaction one that
   * fails would take the client's own work with it, so there none is sent.
   */
  ownQueriesMayFail = false;
  /** Code that nobody has read ran without masks in the open transaction, and may have left work for its end. */
  unseen = false;
  /** Something ran without masks that may have changed what the session is set to. */
  loose = false;
  readonly decisions = new DecisionMemory();
  readonly uncommitted = new Uncommitted();
  transaction: TransactionStatus = "I";
  /** Extended frames were sent since the last Sync. */
  unsynced = false;
  /** Statements that are being read because another one names them. */
  namesDeep = 0;
  /** Upper bound of the bytes of all prepared texts. */
  preparedBytes = 0;
  /** In this batch something was sent that may have ended the failed transaction. */
  leftFailure = false;
  /** The server ignores everything up to the next Sync, so nothing is sent to it. */
  skipping = false;
  copyIn: CopyIn | null = null;
  wait: Wait | null = null;
  muzzle: Muzzle | null = null;
  flow: Flow | null = null;
  ended = false;
  /** The server frame at hand is `buffer[start, end)`. */
  buffer: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** Something that touches a class ran in the open transaction, whose end may tell of it. */
  touched = false;
  /** Process id of the backend; 0 while it is not known. */
  backendPid: number;
  /** A write went to a relation with triggers, so a notification of our own backend may carry stored values. */
  triggersRan = false;
  warnings: Warning[] = [];
  #number = 0;
  /** A frame of the client's whose end has not come. */
  large: LargeFrame | null = null;
  #largePermit: Permit | null = null;
  /** What must go up behind the large frame, which is under way. */
  #behind: Effect[] | null = null;
  #effects: Effect[] = [];
  /** Where replies go again when those that are held back now are released or dropped; null when none are held. */
  #open: Replies | null = null;

  constructor(options: GateOptions) {
    this.options = options;
    this.backendPid = options.backendPid;
    this.names = new OwnNames(options.random.bytes(16));
    this.knowledge = new Knowledge(options);
    this.who = new Who(options.identity, options.principal, options.clock.nowMs());
    this.standing = new Standing(options, this.who);
    const { pinned, session, principal } = options;
    this.session = pinned === null ? null : new PinnedSession(pinned, session, principal);
  }

  /** Masked values that the client was given last; null while it was given none. */
  given: GivenValues | null = null;

  get policies(): PolicySet {
    return this.options.policies();
  }

  get book(): ClassBook | null {
    return this.knowledge.book(this.policies);
  }

  /** Text of ours may hold any letter. */
  get utf8(): boolean {
    return this.options.parameters.get("client_encoding") === "UTF8";
  }

  /** The transaction has failed and nothing since can have ended it: the server answers 25P02 to whatever runs. */
  get surelyFailed(): boolean {
    return this.transaction === "E" && !this.leftFailure;
  }

  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  forward(bytes: Buffer, permit: Permit): void {
    const effect: Effect = { do: "forward", bytes, permit };
    if (this.#behind !== null) {
      this.#behind.push(effect);
      return;
    }
    this.#effects.push(effect);
    if (bytes !== this.large?.head) return;
    this.#largePermit = permit;
    this.#behind = [];
  }

  /** The next piece of the large frame goes where its first one went; what was forwarded meanwhile follows the last. */
  forwardPiece(piece: Buffer, isLast: boolean): void {
    const permit = this.#largePermit;
    if (permit !== null) this.#effects.push({ do: "forward", bytes: piece, permit });
    if (!isLast) return;
    this.#effects.push(...(this.#behind ?? []));
    this.large = this.#largePermit = this.#behind = null;
  }

  reply(bytes: Buffer): void {
    this.replies.push(bytes);
  }

  record(event: AuditEvent, onFailure: "Deny" | "Allow" = "Deny", durability: "Process" | "Node" = "Process"): void {
    this.#effects.push({ do: "record", event, onFailure, durability });
  }

  /** Has a token verified; client frames wait until the outcome is here. */
  verify(token: string, then: (found: Identified) => void): void {
    let found: Identified | null = null;
    this.identified = (outcome) => {
      found = outcome;
    };
    this.#effects.push({ do: "verify", token });
    this.hold({ why: "identity", until: () => found !== null, resume: () => then(found!) });
  }

  /** Takes the outcome that is waited for. */
  identified: (outcome: Identified) => void = () => {};

  cancel(): void {
    this.#effects.push({ do: "cancel" });
  }

  endSession(sqlstate: string, message: string): void {
    if (this.ended) return;
    this.#flushReplies();
    this.ended = true;
    this.#effects.push({ do: "end", sqlstate, message });
  }

  /** The effects so far, in order. They lend slices of the server's chunk; what is kept beyond the turn is copied. */
  take(): Effect[] {
    this.#flushReplies();
    if (this.#open !== null) this.replies.own();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #flushReplies(): void {
    for (const bytes of (this.#open ?? this.replies).take()) this.#effects.push({ do: "reply", bytes });
  }

  /** From now on replies are held back, until they are released or dropped. */
  holdReplies(): void {
    if (this.#open !== null) throw new Error("replies are held back already");
    this.#open = this.replies;
    this.replies = new Replies();
  }

  get holdsReplies(): boolean {
    return this.#open !== null;
  }

  releaseHeld(): void {
    if (this.#open === null) return;
    const held = this.replies.take();
    this.dropHeld();
    for (const bytes of held) this.replies.push(bytes);
  }

  dropHeld(): void {
    if (this.#open === null) return;
    this.replies = this.#open;
    this.#open = null;
  }

  /** A frame goes upstream and its reply is owed. */
  ask(bytes: Buffer, permit: Permit, owed: Partial<Owed> & Pick<Owed, "asked">): Owed {
    const entry: Owed = {
      asked: owed.asked,
      errand: owed.errand ?? null,
      parts: owed.parts ?? noParts,
      at: owed.at ?? 0,
      standIn: owed.standIn ?? null,
      portal: owed.portal ?? null,
      prepared: owed.prepared ?? null,
      name: owed.name ?? null,
      undo: owed.undo ?? null,
      rowsLeft: owed.rowsLeft ?? null,
      counting: owed.counting ?? null,
      silent: owed.silent ?? false,
    };
    this.forward(bytes, permit);
    this.owed.push(entry);
    return entry;
  }

  /** The server frame at hand, a slice of its chunk. */
  frame(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  /** The server frame at hand goes to the client as it is. */
  passCurrent(): void {
    this.replies.pass(this.buffer, this.start, this.end);
  }

  /** Our own frames, whose replies go to one errand. Extended frames without a Sync are followed by a Flush. */
  run(
    frames: readonly { bytes: Buffer; asked: Owed["asked"]; portal?: Portal; parts?: Owed["parts"] }[],
    permit: Permit,
    errand: Errand,
  ): void {
    for (const frame of frames) {
      this.ask(frame.bytes, permit, {
        asked: frame.asked,
        errand,
        portal: frame.portal ?? null,
        parts: frame.parts ?? [],
      });
    }
  }

  flush(): void {
    this.forward(FLUSH, ownPermit.protocol);
  }

  hold(wait: Wait): void {
    if (this.wait !== null) throw new Error(`the gate waits for ${this.wait.why} already`);
    this.wait = wait;
  }

  /** Tells the refusal at once and hides what the server still says, up to its ReadyForQuery. */
  silence(refusal: Refusal, cancelling: boolean): void {
    this.reply(refusalError(refusal, this.utf8));
    this.flow = null;
    this.muzzle = { cancelling, ready: null };
    if (this.unsynced && !this.owed.hasSync) this.skipping = true;
    if (cancelling) this.cancel();
  }

  /** From the first masked result on. */
  remembersGiven(): GivenValues {
    this.given ??= new GivenValues();
    return this.given;
  }

  warn(): void {
    if (this.warnings.length === 0) return;
    for (const warning of this.warnings) this.reply(warningNotice(warning, this.utf8));
    this.warnings = [];
  }

  refuseFunctionCall(standIn: StandIn): void {
    this.ask(encodeFunctionCall(0), ownPermit.raise, { asked: "function", standIn });
  }

  startRun(run: Pick<Run, "number" | "statement" | "decision" | "text">): Run {
    const { number, statement, text, decision } = run;
    if (decision.warnings.length > 0) this.warnings.push(...decision.warnings);
    if (decision.scrub) this.touched = true;
    this.temporary.ran(statement.facts, this.who.principal);
    if (decision.masksWere === "lifted") noteLifted(this, statement.facts);
    return {
      number,
      statement,
      text,
      decision,
      startedUs: this.options.clock.monotonicUs(),
      rows: 0,
      maskedCells: 0,
      closed: false,
      named: false,
    };
  }
}
