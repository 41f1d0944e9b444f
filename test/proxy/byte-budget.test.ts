// One budget of bytes for all sessions: never overdrawn but by one that is alone, nobody starves, nobody can sit on it for ever.
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { ALLOWANCE_BYTES, ByteAccount, ByteBudget } from "../../pkg/proxy/byte-budget.ts";

const MiB = 1 << 20;

interface Side {
  readonly account: ByteAccount;
  moved: number;
  woken: number;
  evicted: number;
}

function side(budget: ByteBudget, wake: (side: Side) => void = () => {}): Side {
  const state: Omit<Side, "account"> = { moved: 0, woken: 0, evicted: 0 };
  const account = new ByteAccount(budget, {
    wake: () => {
      made.woken++;
      wake(made);
    },
    evict: () => {
      made.evicted++;
      account.close();
    },
    movedBytes: () => made.moved,
  });
  const made: Side = Object.assign(state, { account });
  return made;
}

const settled = () => new Promise(setImmediate);

test("the allowance needs no asking and counts for nothing", () => {
  const budget = new ByteBudget({ bytesMax: MiB });
  expect(side(budget).account.covers(ALLOWANCE_BYTES)).toBe(true);
  expect(budget.heldBytes).toBe(0);
});

test("who needs more than is left waits until somebody lets go", async () => {
  const budget = new ByteBudget({ bytesMax: 10 * MiB });
  const [first, second] = [side(budget), side(budget)];
  expect(first.account.covers(7 * MiB)).toBe(true);
  expect(second.account.covers(4 * MiB)).toBe(false);
  expect([budget.heldBytes, budget.waiting]).toEqual([7 * MiB, 1]);
  expect(first.account.covers(ALLOWANCE_BYTES)).toBe(true);
  await settled();
  expect(second.woken).toBe(1);
  expect(second.account.covers(4 * MiB)).toBe(true);
  expect([budget.heldBytes, budget.waiting]).toEqual([4 * MiB, 0]);
});

test("who needs more than there is gets it when alone, and small needs that come later do not keep it waiting", async () => {
  const budget = new ByteBudget({ bytesMax: 10 * MiB });
  const [small, giant, newcomer] = [side(budget), side(budget), side(budget)];
  small.account.covers(2 * MiB);
  expect(giant.account.covers(100 * MiB)).toBe(false);
  expect(newcomer.account.covers(MiB)).toBe(false);
  small.account.close();
  await settled();
  expect([giant.woken, newcomer.woken]).toEqual([1, 0]);
  expect(giant.account.covers(100 * MiB)).toBe(true);
  giant.account.close();
  await settled();
  expect(newcomer.woken).toBe(1);
});

test("who goes away while waiting leaves its place to the next", async () => {
  const budget = new ByteBudget({ bytesMax: 10 * MiB });
  const [holder, gone, next] = [side(budget), side(budget), side(budget)];
  holder.account.covers(8 * MiB);
  gone.account.covers(20 * MiB);
  next.account.covers(2 * MiB);
  gone.account.close();
  await settled();
  expect([next.woken, budget.waiting]).toEqual([1, 1]);
  expect(next.account.covers(2 * MiB)).toBe(true);
});

test("who hardly moves while others wait is evicted; who moves is not", async () => {
  const budget = new ByteBudget({ bytesMax: 10 * MiB, stallMs: 20 });
  const [idle, busy, waiting] = [side(budget), side(budget), side(budget)];
  idle.account.covers(5 * MiB);
  busy.account.covers(5 * MiB);
  const ticking = setInterval(() => {
    busy.moved += 10 * MiB;
  }, 1);
  await delay(100);
  expect([idle.evicted, busy.evicted]).toEqual([0, 0]); // nobody waits
  expect(waiting.account.covers(4 * MiB)).toBe(false);
  while (idle.evicted === 0) await delay(5);
  clearInterval(ticking);
  expect([idle.evicted, busy.evicted, waiting.woken]).toEqual([1, 0, 1]);
});

test("in any order of needs and releases all are served, within the budget", async () => {
  const needs = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(needs, fc.infiniteStream(fc.nat()), async (sizes, choices) => {
      const budget = new ByteBudget({ bytesMax: 16 * MiB });
      const served: Side[] = [];
      const open = new Set<Side>();
      const ask = (one: Side, bytes: number) => {
        if (!one.account.covers(bytes)) return;
        served.push(one);
        open.add(one);
      };
      const sides = sizes.map((size) => {
        const one: Side = side(budget, () => ask(one, size * MiB));
        return { one, bytes: size * MiB };
      });
      for (const { one, bytes } of sides) ask(one, bytes);
      for (const choice of choices) {
        const holders = sides.filter(({ one }) => open.has(one));
        const held = holders.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(budget.heldBytes).toBe(held);
        expect(held <= budget.bytesMax || holders.length === 1).toBe(true);
        if (holders.length === 0) break;
        const { one } = holders[choice % holders.length]!;
        open.delete(one);
        one.account.close();
        await settled();
      }
      expect(served).toHaveLength(sizes.length);
      expect([budget.heldBytes, budget.waiting]).toEqual([0, 0]);
    }),
    { numRuns: 200 },
  );
});
