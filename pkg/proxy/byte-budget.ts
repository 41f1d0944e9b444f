// How many bytes of frames and of what waits behind slow peers the whole process holds. What a session needs beyond a small
// allowance it takes from here before it reads on; when there is not enough, it waits, and its peer with it.

/** What each side of each session may hold unasked: what is read at a time, on its way in and out. */
export const ALLOWANCE_BYTES = 256 * 1024;

export interface ByteHolder {
  /** There may be enough now: ask again. */
  wake(): void;
  /** Others have waited too long for what this one holds. */
  evict(): void;
  /** Bytes that have moved on this side so far, in and out. */
  movedBytes(): number;
}

/** One side of one session. */
export class ByteAccount {
  readonly #budget: ByteBudget;
  readonly holder: ByteHolder;
  heldBytes = 0;
  /** `movedBytes` when it was looked at last. */
  markBytes = 0;

  constructor(budget: ByteBudget, holder: ByteHolder) {
    this.#budget = budget;
    this.holder = holder;
  }

  /**
   * `bytes`: what the side holds, or will hold when the frame that has begun is whole. True: it may read on. False: it must wait
   * for `wake`.
   */
  covers(bytes: number): boolean {
    if (bytes <= ALLOWANCE_BYTES && this.heldBytes === 0) return true;
    return this.#budget.settle(this, bytes <= ALLOWANCE_BYTES ? 0 : bytes);
  }

  close(): void {
    this.#budget.settle(this, 0);
  }
}

export interface ByteBudgetOptions {
  readonly bytesMax: number;
  /** Who moves less than MOVED_BYTES_MIN in this time while others wait loses its session. 60 s when not given. */
  readonly stallMs?: number;
}

const STALL_MS = 60_000;
const MOVED_BYTES_MIN = 1 << 20;

export class ByteBudget {
  readonly bytesMax: number;
  readonly #stallMs: number;
  readonly #holders = new Set<ByteAccount>();
  /** In the order of their coming, with what each asks for. */
  readonly #waiting = new Map<ByteAccount, number>();
  #heldBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor({ bytesMax, stallMs }: ByteBudgetOptions) {
    this.bytesMax = bytesMax;
    this.#stallMs = stallMs ?? STALL_MS;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Makes what `account` holds `bytes`; false when there is not enough, and it waits with what it has. */
  settle(account: ByteAccount, bytes: number): boolean {
    const more = bytes - account.heldBytes;
    if (more > 0 && !this.#hasRoom(account, more)) {
      this.#waiting.set(account, bytes);
      this.#watch();
      return false;
    }
    const waited = this.#waiting.delete(account);
    this.#hold(account, bytes);
    if (more < 0 || waited) this.#serveNext();
    return true;
  }

  #hold(account: ByteAccount, bytes: number): void {
    if (account.heldBytes === 0) account.markBytes = account.holder.movedBytes();
    this.#heldBytes += bytes - account.heldBytes;
    account.heldBytes = bytes;
    if (bytes > 0) this.#holders.add(account);
    else this.#holders.delete(account);
  }

  /**
   * One that asks for more than there is at all gets it when it is alone: its frame is bounded by `limits.frameBytes`. Newcomers
   * queue up behind those that wait, so that a large need is met at last.
   */
  #hasRoom(account: ByteAccount, more: number): boolean {
    const mayAsk = account.heldBytes > 0 || this.#waiting.size === 0 || this.#first() === account;
    const isAlone = this.#heldBytes === account.heldBytes;
    return mayAsk && (isAlone || this.#heldBytes + more <= this.bytesMax);
  }

  #first(): ByteAccount | undefined {
    return this.#waiting.keys().next().value;
  }

  /** Wakes whoever has waited longest, where there is room; it takes its bytes by itself, and so wakes the next. */
  #serveNext(): void {
    const first = this.#first();
    if (first === undefined) return;
    const wanted = this.#waiting.get(first)!;
    if (this.#hasRoom(first, wanted - first.heldBytes)) queueMicrotask(() => first.holder.wake());
  }

  /** Runs while somebody waits. */
  #watch(): void {
    if (this.#timer !== null) return;
    for (const account of this.#holders) account.markBytes = account.holder.movedBytes();
    this.#timer = setTimeout(() => this.#evictStalled(), this.#stallMs).unref();
  }

  #evictStalled(): void {
    this.#timer = null;
    if (this.#waiting.size === 0) return;
    const stalled = [...this.#holders].filter(
      ({ holder, markBytes }) => holder.movedBytes() - markBytes < MOVED_BYTES_MIN,
    );
    for (const { holder } of stalled) holder.evict();
    if (this.#waiting.size > 0) this.#watch();
  }
}

/** Two halves, because the end of what a client sends may depend on what its server sends, and must never wait for it. */
export interface ByteBudgets {
  readonly fromClients: ByteBudget;
  readonly fromServers: ByteBudget;
}

export function byteBudgets(bytesMax: number): ByteBudgets {
  const half = { bytesMax: Math.floor(bytesMax / 2) };
  return { fromClients: new ByteBudget(half), fromServers: new ByteBudget(half) };
}
