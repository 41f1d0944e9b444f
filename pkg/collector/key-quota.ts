// How many keys one sender may register: a sidecar makes one at each start, and each is an entry of the log for ever.

const BURST = 100;
const ONE_EVERY_MS = 10_000;
const SENDERS_MAX = 10_000;

export class KeyQuota {
  private readonly nowMs: () => number;
  private readonly senders = new Map<string, { left: number; sinceMs: number }>();

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** False: not now. */
  take(sender: string): boolean {
    const now = this.nowMs();
    const { left, sinceMs } = this.senders.get(sender) ?? { left: BURST, sinceMs: now };
    const more = Math.max(0, Math.floor((now - sinceMs) / ONE_EVERY_MS));
    const have = Math.min(BURST, left + more);
    this.senders.delete(sender);
    this.senders.set(sender, {
      left: Math.max(0, have - 1),
      // A clock that was set back begins anew.
      sinceMs: have === BURST || now < sinceMs ? now : sinceMs + more * ONE_EVERY_MS,
    });
    if (this.senders.size > SENDERS_MAX) this.senders.delete(this.senders.keys().next().value!);
    return have > 0;
  }
}
