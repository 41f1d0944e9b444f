// How much may go wrong for one asker before others are protected from it: a number that fills up again with time. Only failures cost.
export interface FailureBudget {
  /** False: nothing is left for `who` now. Else one is taken. */
  take(who: string): boolean;
  /** It went well after all. */
  giveBack(who: string): void;
}

export interface FailureBudgetOptions {
  readonly failuresMax: number;
  readonly perSecond: number;
  readonly askersMax: number;
  readonly monotonicMs: () => number;
}

/** Who failed longest ago is forgotten first. */
export function failureBudget({ failuresMax, perSecond, askersMax, monotonicMs }: FailureBudgetOptions): FailureBudget {
  const left = new Map<string, { readonly count: number; readonly atMs: number }>();

  function countOf(who: string): number {
    const entry = left.get(who);
    if (entry === undefined) return failuresMax;
    return Math.min(failuresMax, entry.count + ((monotonicMs() - entry.atMs) * perSecond) / 1000);
  }

  function set(who: string, count: number): void {
    left.delete(who);
    if (count >= failuresMax) return;
    for (const oldest of left.keys()) {
      if (left.size < askersMax) break;
      left.delete(oldest);
    }
    left.set(who, { count, atMs: monotonicMs() });
  }

  return {
    take(who) {
      const count = countOf(who);
      if (count < 1) return false;
      set(who, count - 1);
      return true;
    },
    giveBack: (who) => set(who, countOf(who) + 1),
  };
}
