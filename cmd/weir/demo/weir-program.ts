// `weir` as a process of its own, whose words can be waited for.
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface WeirProgram {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** The first match in what it has printed; throws with all of it when it ends before. */
  said(what: RegExp): Promise<RegExpExecArray>;
  readonly end: Promise<number | null>;
}

const program = resolve(import.meta.dirname, "../main.ts");

/** `home`: its HOME, so that nothing of this user's is read. */
export function startWeir(args: readonly string[], home: string, env: NodeJS.ProcessEnv = {}): WeirProgram {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, HOME: home, LC_ALL: "C", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (bytes) => (out += bytes));
  child.stderr.on("data", (bytes) => (err += bytes));
  const end = new Promise<number | null>((done) => child.once("close", done));
  let ended = false;
  void end.then(() => {
    ended = true;
  });
  return {
    child,
    out: () => out,
    err: () => err,
    end,
    async said(what) {
      for (;;) {
        const found = what.exec(out) ?? what.exec(err);
        if (found !== null) return found;
        if (ended) throw new Error(`weir ended without ${what}:\n${out}\n${err}`);
        await delay(20);
      }
    },
  };
}

/** Whatever is to end by itself does so within this time, or is ended. */
const RUN_MS = 120_000;

export async function runWeir(args: readonly string[], home: string, env: NodeJS.ProcessEnv = {}) {
  const run = startWeir(args, home, env);
  run.child.stdin!.end();
  const timer = setTimeout(() => run.child.kill("SIGKILL"), RUN_MS);
  const code = await run.end;
  clearTimeout(timer);
  return { code, out: run.out(), err: run.err() };
}
