// Kill -9 of the sidecar's side, of the collector's, or of both, at seeded points of their work: no record is lost, none is there twice,
// and the chain is whole. WEIR_KILLS=n kills n times (each seed is so many kills on one chain); WEIR_KILL_SEED=n runs that seed alone.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { recordHash, verifyChain } from "../../pkg/audit/chain.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { newFolder, removeFolders } from "../audit/fixtures.ts";
import { seeded } from "../audit/seeded.ts";
import { Receiver } from "./receiver.ts";

const KILLS_PER_SEED = 5;
const CALLS = ["write", "progress", "head", "openAppend", "remove", "post"] as const;
const MOMENTS = ["before", "middle", "after"] as const;
const RECEIVER_MOMENTS = ["before", "after", "body", "never"] as const;
/** A life ends from outside when its moment does not come. */
const LIFE_MS = 3_000;

const program = join(import.meta.dirname, "kill-child.ts");
let children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children) await killed(child);
  children = [];
  removeFolders();
});

function start(args: readonly string[]): { child: ChildProcess; told: () => string } {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let told = "";
  child.stdout!.on("data", (bytes) => (told += bytes));
  return { child, told: () => told };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function startReceiving(folder: string, port: number, moment: string, count: number): Promise<ChildProcess> {
  const { child, told } = start(["receiver", folder, String(port), moment, String(count)]);
  while (!told().includes("\n")) {
    if (child.exitCode !== null) throw new Error(`the receiver ended with ${child.exitCode}`);
    await Promise.race([once(child.stdout!, "data"), once(child, "exit")]);
  }
  return child;
}

/** Below the ports that the system gives to clients, one of which could else take it while the receiver is dead. */
const portOf = (seed: number) => 20_000 + ((process.pid * 31 + seed) % 10_000);
const urlOf = (port: number) => `http://127.0.0.1:${port}`;

/** One life of a sidecar, with a receiver that may die in it and is started again. Returns what the writer was told was written. */
async function live(spool: string, folder: string, port: number, seed: number, random: () => number): Promise<string> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const first = await startReceiving(folder, port, pick(RECEIVER_MOMENTS), 1 + Math.floor(random() * 4));
  let again: Promise<ChildProcess> = Promise.resolve(first);
  first.once("exit", () => (again = startReceiving(folder, port, "never", 1)));
  const call = pick(CALLS);
  const count = 1 + Math.floor(random() * (call === "write" ? 60 : call === "post" ? 3 : 8));
  const sidecar = start(["sidecar", spool, urlOf(port), String(seed), call, String(count), pick(MOMENTS)]);
  const timer = setTimeout(() => sidecar.child.kill("SIGKILL"), LIFE_MS);
  await once(sidecar.child, "close");
  clearTimeout(timer);
  first.removeAllListeners("exit");
  await killed(first);
  await killed(await again);
  return sidecar.told();
}

const kills = Number(process.env.WEIR_KILLS ?? 10);
const only = process.env.WEIR_KILL_SEED;
const seeds =
  only === undefined ? Array.from({ length: Math.ceil(kills / KILLS_PER_SEED) }, (_, n) => n + 1) : [Number(only)];

test.each(seeds)(
  `seed %d: ${KILLS_PER_SEED} times kill -9, every record that was written arrives, once`,
  async (seed) => {
    const random = seeded(seed);
    const spool = newFolder();
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    const port = portOf(seed);
    let told = "";
    for (let life = 0; life < KILLS_PER_SEED; life++) {
      told += await live(spool, folder, port, seed * 100 + life, random);
      expect((await verifySpool(spool)).counts).toMatchObject({ altered: 0, missing: 0, forked: 0, truncated: 0 });
    }
    const receiving = await startReceiving(folder, port, "never", 1);
    const last = start(["sidecar", spool, urlOf(port), String(seed), "finish", "1", "never"]);
    await once(last.child, "close");
    await killed(receiving);
    told += last.told();

    expect(told).toContain("left 0\n");
    expect(told).not.toContain("broken");
    const kept = new Receiver({ folder }).kept();
    expect(kept.map(({ number }) => number)).toEqual(kept.map((_, index) => index));
    const bytes = kept.map(({ record }) => Buffer.from(record));
    expect(verifyChain(bytes)).toBe(null);
    const acknowledged = [...told.matchAll(/^(\d+) ([0-9a-f]{64})$/gm)].map(
      ([, number, hash]) => [Number(number), hash] as const,
    );
    expect(acknowledged.length).toBeGreaterThan(0);
    const hashes = kept.map(({ record }) => recordHash(Buffer.from(record)));
    expect(acknowledged.filter(([number, hash]) => hashes[number] !== hash)).toEqual([]);
    expect(await verifySpool(spool)).toMatchObject({ verdict: "intact" });
  },
  240_000,
);
