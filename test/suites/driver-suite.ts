// What a driver's own tests look like to the suites, and how their programs are run.
import { spawnSync } from "node:child_process";
import type { Tools } from "./prepare.ts";

export interface DriverSuite {
  /** Settings of the server beside those of all suites. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Fetches and builds what is not there; throws with the tool's own words. */
  prepare(tools: Tools): void;
  /** What must be in the database before, as psql reads it. */
  readonly setUp: (tools: Tools) => readonly string[];
  /** Lines `ok NAME`, `failed NAME`, `skipped NAME`, sorted. */
  run(tools: Tools, port: number, database: string): readonly string[];
}

export interface ProgramLimits {
  readonly cwd: string;
  readonly msMax: number;
  readonly env?: NodeJS.ProcessEnv;
}

const PRINTED_MAX = 2 ** 28;

/** What a program prints on both of its outputs, whatever its exit code; throws when there is no such program. */
export function outputOf(program: string, args: readonly string[], { cwd, msMax, env }: ProgramLimits): string {
  const limits = { timeout: msMax, maxBuffer: PRINTED_MAX, encoding: "latin1" } as const;
  const { stdout, stderr, error } = spawnSync(program, args, { cwd, env: env ?? process.env, ...limits });
  if (error !== undefined && (error as NodeJS.ErrnoException).code === "ENOENT") throw error;
  return `${stdout}\n${stderr}`;
}
