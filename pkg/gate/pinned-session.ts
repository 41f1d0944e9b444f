// Keeps the server's session set to what is pinned. What may have undone it (RESET ALL, DISCARD ALL, a rollback behind it, another
// principal) makes it unknown; then it is set again in front of the next frame that could run anything, and that frame waits.
import { ownPermit } from "../policy/permit.ts";
import type { Principal } from "../principal/principal.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import type { Core } from "./core.ts";
import { Errand } from "./errand.ts";
import { queryFrames } from "./own-queries.ts";
import { toldError } from "./pin.ts";
import { type Pinned, pinningSql } from "./pinned-settings.ts";

export class PinnedSession {
  readonly pinned: Pinned;
  readonly #session: string;
  /** Who the server was told; null: not known. */
  #told: Principal | null;
  /** The open transaction has set it, so that its end may undo it. */
  #isUnsettled = false;

  /** `told`: for whom the login has set it. */
  constructor(pinned: Pinned, session: string, told: Principal) {
    this.pinned = pinned;
    this.#session = session;
    this.#told = told;
  }

  isDue(principal: Principal): boolean {
    return this.#told !== principal;
  }

  get isUnsettled(): boolean {
    return this.#isUnsettled;
  }

  sql(principal: Principal): readonly string[] {
    return pinningSql(this.pinned, { principal, session: this.#session });
  }

  told(principal: Principal, inTransaction: boolean): void {
    this.#told = principal;
    this.#isUnsettled ||= inTransaction;
  }

  /** Something ran that may have undone it. */
  doubt(): void {
    this.#told = null;
  }

  /** A transaction ended, or a part of it was rolled back. */
  reverted(hasEnded: boolean): void {
    if (!this.#isUnsettled) return;
    this.#told = null;
    if (hasEnded) this.#isUnsettled = false;
  }
}

/** Frames that parse, plan or run something. */
const RUNS = "QPBEF";

/** Whether it must be set before a frame of this type. In a failed transaction the server runs nothing. */
export function mustPin(core: Core, letter: string): boolean {
  const { session, who } = core;
  if (session === null || !session.isDue(who.principal) || !RUNS.includes(letter)) return false;
  return core.copyIn === null && !core.skipping && !core.surelyFailed;
}

const TRIES_MAX = 3;

/** Between transactions in one of its own; else in the open one, which only its own end can undo. */
export function pinSession(core: Core, then: () => void, tries = 1): void {
  const session = core.session!;
  const { principal } = core.who;
  const alone = !core.unsynced;
  const inTransaction = core.unsynced || core.transaction !== "I";
  const frames = session.sql(principal).flatMap((sql) => queryFrames(core.names.next(), sql));
  let ended: Errand | null = null;
  const errand = new Errand(frames.length + (alone ? 1 : 0), (answered) => {
    ended = answered;
  });
  core.run(alone ? [...frames, { bytes: SYNC, asked: "sync" }] : frames, ownPermit.session, errand);
  if (!alone) core.flush();
  core.hold({
    why: "errand",
    until: () => ended !== null,
    resume: () => {
      const { failed, error } = ended!;
      if (!failed) {
        session.told(principal, inTransaction);
        return then();
      }
      if (!inTransaction && error?.get("C") === "57014" && tries < TRIES_MAX) return pinSession(core, then, tries + 1);
      // The client's own frames are skipped from here on, as they would be after its own.
      if (!alone && error?.get("C") === "25P02") return core.reply(toldError(error));
      const why = error?.get("C") ?? "skipped";
      core.endSession(
        "57P01",
        `weir: this session ends, because the database did not take what is pinned for it (${why})`,
      );
    },
  });
}
