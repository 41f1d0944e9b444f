// Runs psql (libpq) against a port of loopback.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";

export interface Ran {
  readonly ok: boolean;
  readonly out: string;
  readonly err: string;
}

export const psqlIsHere = existsSync("/usr/bin/psql");

/** `settings` is libpq's connection string without host and port. */
export function psql(port: number, settings: string, sql: string): Promise<Ran> {
  const connection = `host=127.0.0.1 port=${port} dbname=postgres connect_timeout=20 gssencmode=disable ${settings}`;
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", LC_ALL: "C" };
  return new Promise((resolve) => {
    execFile("psql", ["-XAtq", "-v", "VERBOSITY=verbose", "-d", connection, "-c", sql], { env }, (error, out, err) => {
      resolve({ ok: error === null, out: out.trim(), err: err.trim() });
    });
  });
}
