// libpq 17 or later by way of psycopg, where the machine has it: WEIR_TEST_PYTHON names a python with `psycopg[binary]`.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

const python = process.env.WEIR_TEST_PYTHON ?? "python3";
const environment = { PATH: process.env.PATH, HOME: "/nonexistent", LC_ALL: "C.UTF-8" };

/** 180000 for 18.0; 0 when there is none. */
export const libpqVersion: number = (() => {
  try {
    const ask = "from psycopg import pq; print(pq.version())";
    return Number(execFileSync(python, ["-c", ask], { encoding: "utf8", stdio: "pipe", env: environment }));
  } catch {
    return 0;
  }
})();
export const recentLibpqIsHere = libpqVersion >= 170_000;

export interface LibpqAnswer {
  readonly ok: boolean;
  readonly rows?: unknown[][];
  readonly info?: { readonly protocol: number; readonly ssl: boolean; readonly usedPassword: boolean };
  readonly sqlstate?: string | null;
  readonly error?: string;
}

/** One process that connects anew for each request; requests wait for each other. */
export class Libpq {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #turn: Promise<unknown>;

  constructor() {
    this.#child = spawn(python, [join(import.meta.dirname, "libpq.py")], {
      stdio: ["pipe", "pipe", "inherit"],
      env: environment,
    });
    this.#reader = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#turn = this.#lines.next();
  }

  /** `conninfo` as libpq reads it. `cancel`: a conninfo past the proxy, to see when the statement runs. */
  run(conninfo: string, sql: string, cancel?: string): Promise<LibpqAnswer> {
    const answer = this.#turn.then(async () => {
      this.#child.stdin!.write(`${JSON.stringify({ conninfo, sql, cancel })}\n`);
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("the python process has ended");
      return JSON.parse(value) as LibpqAnswer;
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async close(): Promise<void> {
    await this.#turn;
    this.#child.stdin!.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    this.#reader.close();
  }
}
