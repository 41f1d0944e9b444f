// Sessions that are open, by who began them: counted before a login ends, so that nobody can hold more than his share, and asked again
// while they are idle, so that a proof that lapses ends them at once and not at their next statement.
import type { Identity } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import type { Ending, SessionLoop } from "./session-loop.ts";

export interface OpenSession {
  /** As records name it. */
  readonly session: string;
  readonly principal: Principal;
  /** `namespace/name` of the GovernedDatabase. */
  readonly database: string;
  readonly client: string;
  readonly sinceMs: number;
}

interface Kept extends OpenSession {
  readonly identity: Identity;
  readonly loop: SessionLoop;
}

export class OpenSessions {
  readonly #perPrincipal: number;
  readonly #taken = new Map<string, number>();
  readonly #open = new Set<Kept>();

  /** 0: as many for each principal as there can be. */
  constructor(perPrincipal: number) {
    this.#perPrincipal = perPrincipal;
  }

  /** A place for one more of this principal, and how to give it back (once); null: they have as many as they may. */
  take(principal: Principal): (() => void) | null {
    const key = keyOf(principal);
    const taken = this.#taken.get(key) ?? 0;
    if (this.#perPrincipal > 0 && taken >= this.#perPrincipal) return null;
    this.#taken.set(key, taken + 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(key);
      isHeld = false;
    };
  }

  #giveBack(key: string): void {
    const left = (this.#taken.get(key) ?? 1) - 1;
    if (left === 0) this.#taken.delete(key);
    else this.#taken.set(key, left);
  }

  get size(): number {
    return this.#open.size;
  }

  loops(): readonly SessionLoop[] {
    return [...this.#open].map(({ loop }) => loop);
  }

  /** Returns how to forget it. */
  add(kept: Kept): () => void {
    this.#open.add(kept);
    return () => void this.#open.delete(kept);
  }

  list(): readonly OpenSession[] {
    return [...this.#open].map(({ session, principal, database, client, sinceMs }) => {
      return { session, principal, database, client, sinceMs };
    });
  }

  /** Ends, when their transaction ends, those whose proof counts no more. */
  look(nowMs: number): void {
    for (const { identity, loop } of this.#open) {
      if (identity.lasts === true) continue;
      const standing = identity.at(nowMs);
      if (!standing.holds) loop.leave(endingOf(standing.lapse.message));
    }
  }
}

const endingOf = (why: string): Ending => ({ sqlstate: "28000", message: `weir: ${why}, so this session ends` });

const keyOf = ({ kind, issuer, name }: Principal): string => JSON.stringify([kind, issuer, name]);
