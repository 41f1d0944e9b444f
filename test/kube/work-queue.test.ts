import { workQueue } from "../../pkg/kube/work-queue.ts";

const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

test("a key that is added while it waits is worked on once, and again when added during its work", async () => {
  const seen: string[] = [];
  const queue = workQueue({
    work(key) {
      seen.push(key);
      if (seen.length === 1) queue.add("a");
    },
    onError: () => {},
  });
  for (const key of ["a", "b", "a", "b"]) queue.add(key);
  await settle();
  expect(seen).toEqual(["a", "b", "a"]);
  await queue.stop();
});

test("work that fails comes back after pauses that grow, and others need not wait for it", async () => {
  const seen: string[] = [];
  const pauses: number[] = [];
  const queue = workQueue({
    async work(key) {
      seen.push(key);
      if (key === "bad" && pauses.length < 3) throw new Error("not now");
    },
    onError: () => {
      throw new Error("a broken reporter");
    },
    random: () => 1,
    pause: async (ms) => void pauses.push(ms),
    backoff: { minMs: 10, maxMs: 30 },
  });
  queue.add("bad");
  queue.add("good");
  await settle();
  expect(seen).toEqual(["bad", "good", "bad", "bad", "bad"]);
  expect(pauses).toEqual([10, 20, 30]);
  await queue.stop();
});

test("stop waits for the work at hand and begins no other", async () => {
  const seen: string[] = [];
  const queue = workQueue({
    async work(key, signal) {
      await new Promise((stopped) => signal.addEventListener("abort", stopped));
      seen.push(key);
    },
    onError: () => {},
  });
  queue.add("a");
  queue.add("b");
  await settle();
  await queue.stop();
  queue.add("c");
  await settle();
  expect(seen).toEqual(["a"]);
});
