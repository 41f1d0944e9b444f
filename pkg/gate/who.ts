// Who asks, now: the session's own identity, or the one that a statement has put in its place (`SET weir.identity`). The server holds
// an opaque value for it under the same name, so scope and rollback follow the server's own rules for settings, mirrored here.

import type { Refusal } from "../policy/decision.ts";
import type { Identity, Lapse, Standing } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";

/** What is in force, and what a commit would leave in force; null: the session's own. */
interface Values {
  readonly current: Identity | null;
  readonly kept: Identity | null;
}

interface Savepoint extends Values {
  readonly name: string;
}

const own: Values = { current: null, kept: null };
const SAVEPOINTS_MAX = 10_000;

export class Who {
  readonly #session: Identity;
  #values: Values = own;
  /** What a rollback of the open transaction brings back; null: nothing was changed in it. */
  #before: Values | null = null;
  #savepoints: Savepoint[] = [];
  /** Of the statement at hand alone, whatever is set. */
  #signed: Identity | null = null;
  #failed = false;
  #standing: Standing | null = null;
  #principal: Principal;
  #refusal: Refusal | null = null;
  #isOver = false;
  /** Counts changes of principal; decisions of another epoch do not stand. */
  epoch = 0;

  /** `principal`: who it was at the login. */
  constructor(session: Identity, principal: Principal, nowMs: number) {
    this.#session = session;
    this.#principal = principal;
    this.look(nowMs);
  }

  /** The last one that held, when the proof has lapsed: records name it, and `refusal` says why it may nothing. */
  get principal(): Principal {
    return this.#principal;
  }

  /** Why nothing may be done with this identity any more; null: it holds. */
  get refusal(): Refusal | null {
    return this.#refusal;
  }

  /** Its token allows only some things, or nothing any more. */
  get isNarrowed(): boolean {
    return this.#refusal !== null || this.#principal.grants !== undefined;
  }

  /** The session's own proof counts no more, so that nothing can be done in it, whoever a statement would be. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Some statement has set an identity, or changed it in the open transaction. */
  get isSet(): boolean {
    return this.#before !== null || this.#values !== own;
  }

  /** The statement at hand says itself who asks. */
  get isSigned(): boolean {
    return this.#signed !== null;
  }

  /** For the statement at hand; null: it says nothing of it. */
  sign(identity: Identity | null, nowMs: number): void {
    this.#signed = identity;
    this.look(nowMs);
  }

  /** The end of the open transaction, or a failure in it, changes who asks. */
  get isUnsettled(): boolean {
    return this.#before !== null;
  }

  /** Nothing that could lapse is in force. */
  get lasts(): boolean {
    return this.#session.lasts === true && this.#values.current === null && this.#signed === null;
  }

  /** Asks the proof again. */
  look(nowMs: number): void {
    const session = this.#session.at(nowMs);
    const current = this.#signed ?? this.#values.current;
    const standing = current === null || !session.holds ? session : current.at(nowMs);
    if (standing === this.#standing) return;
    this.#standing = standing;
    this.#isOver = !session.holds;
    this.epoch += 1;
    if (standing.holds) this.#principal = standing.principal;
    this.#refusal = standing.holds ? null : lapseRefusal(standing.lapse);
  }

  /** The server has taken the setting. `identity: null`: it was reset. */
  set(identity: Identity | null, local: boolean, nowMs: number): void {
    const before = this.#values;
    this.#before ??= before;
    this.#put({ current: identity, kept: local ? before.kept : identity }, nowMs);
  }

  savepoint(name: string): void {
    if (!this.isSet) return;
    if (this.#savepoints.length >= SAVEPOINTS_MAX) this.#savepoints.shift();
    this.#savepoints.push({ name, ...this.#values });
  }

  rollbackTo(name: string, nowMs: number): void {
    this.#failed = false;
    const at = this.#savepoints.findLastIndex((each) => each.name === name);
    // One that is not known was made before anything was set.
    const { current, kept } = this.#savepoints[at] ?? this.#before ?? this.#values;
    this.#savepoints = this.#savepoints.slice(0, at + 1);
    this.#put({ current, kept }, nowMs);
  }

  release(name: string): void {
    const at = this.#savepoints.findLastIndex((each) => each.name === name);
    if (at !== -1) this.#savepoints = this.#savepoints.slice(0, at);
  }

  /** The server said an error to the client. */
  failed(): void {
    this.#failed = true;
  }

  /** A transaction ended: by COMMIT or ROLLBACK, or by itself at ReadyForQuery. */
  ended(committed: boolean, nowMs: number): void {
    const { kept } = this.#values;
    const values = committed && !this.#failed ? { current: kept, kept } : (this.#before ?? this.#values);
    this.#before = null;
    this.#savepoints = [];
    this.#failed = false;
    this.#put(values, nowMs);
  }

  #put({ current, kept }: Values, nowMs: number): void {
    this.#values = current === null && kept === null ? own : { current, kept };
    this.look(nowMs);
  }
}

function lapseRefusal({ message, hint }: Lapse): Refusal {
  return {
    rule: { policy: "weir", rule: "identity" },
    sqlstate: "42501",
    message: `weir: ${message}, so nothing is run under it`,
    detail: "An identity is verified again in front of each statement.",
    hint,
  };
}
