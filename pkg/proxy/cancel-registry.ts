// Cancel keys of our own: a client never learns the server's key, so a cancel always comes through us.
import { timingSafeEqual } from "node:crypto";
import type { Random } from "../runtime/random.ts";
import type { CancelKey } from "../wire/postgres/backend-key-data.ts";

export interface CancelRegistration {
  /** For the client's BackendKeyData: the server's process id, so that notifications still match, and a secret of ours. */
  readonly key: CancelKey;
  /** Changes what a client's cancel does from now on; it resolves when the cancel has had its effect. */
  onCancel(cancel: () => Promise<unknown>): void;
  /** The session has ended: its key is unknown from now on. */
  release(): void;
}

interface Entry {
  readonly key: CancelKey;
  cancel: () => Promise<unknown>;
}

export class CancelRegistry {
  readonly #random: Random;
  /** Process ids of several servers may be the same; the secrets differ. */
  readonly #entries = new Map<number, Entry[]>();

  readonly #elsewhere: ((key: CancelKey) => Promise<void>) | null;

  /** `elsewhere` asks others for a key that is not held here; it must not reject. */
  constructor(random: Random, elsewhere: ((key: CancelKey) => Promise<void>) | null = null) {
    this.#random = random;
    this.#elsewhere = elsewhere;
  }

  register(processId: number, secretBytes: number, cancel: () => Promise<unknown>): CancelRegistration {
    const entry: Entry = { key: { processId, secret: this.#random.bytes(secretBytes) }, cancel };
    this.#entries.set(processId, [...(this.#entries.get(processId) ?? []), entry]);
    return {
      key: entry.key,
      onCancel: (next) => {
        entry.cancel = next;
      },
      release: () => this.#release(entry),
    };
  }

  /** Does what the key's session says, here or elsewhere; nothing for a key that nobody holds, as PostgreSQL. */
  async cancel(key: CancelKey): Promise<void> {
    if (!(await this.cancelHere(key))) await this.#elsewhere?.(key);
  }

  /** False: no session here has this key. */
  async cancelHere(key: CancelKey): Promise<boolean> {
    const entry = this.#entries.get(key.processId)?.find((candidate) => sameSecret(candidate.key, key));
    await entry?.cancel();
    return entry !== undefined;
  }

  get size(): number {
    return [...this.#entries.values()].reduce((sum, entries) => sum + entries.length, 0);
  }

  #release(entry: Entry): void {
    const { processId } = entry.key;
    const others = (this.#entries.get(processId) ?? []).filter((candidate) => candidate !== entry);
    if (others.length === 0) this.#entries.delete(processId);
    else this.#entries.set(processId, others);
  }
}

function sameSecret(left: CancelKey, right: CancelKey): boolean {
  return left.secret.length === right.secret.length && timingSafeEqual(left.secret, right.secret);
}
