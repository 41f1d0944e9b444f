// Programs of the machine that the bench runs: found where distributions put them, or named in the environment.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface Tools {
  readonly pgbench: string;
  readonly psql: string;
  /** null: not installed, so left out. */
  readonly pgbouncer: string | null;
  readonly haproxy: string | null;
  readonly odyssey: string | null;
}

const OPTIONAL = ["pgbouncer", "haproxy", "odyssey"] as const;

/** Ends the process with what to install when the bench cannot run at all. */
export function findTools(): Tools {
  const pgbench = find("pgbench", postgresFolders());
  const psql = find("psql", postgresFolders());
  if (pgbench === null || psql === null) {
    process.stderr.write(
      "bench: pgbench and psql are needed; install PostgreSQL's contrib package (Debian: postgresql-contrib, macOS: libpq), or put them on the PATH\n",
    );
    process.exit(69);
  }
  const [pgbouncer, haproxy, odyssey] = OPTIONAL.map((name) => find(name, ["/usr/sbin", "/usr/local/sbin"]));
  return { pgbench, psql, pgbouncer: pgbouncer!, haproxy: haproxy!, odyssey: odyssey! };
}

/** What is left out, in words. */
export function missing(tools: Tools): string[] {
  return OPTIONAL.filter((name) => tools[name] === null).map(
    (name) =>
      `${name} is not installed, so it is left out${name === "pgbouncer" ? ": without it there is nothing to compare with" : ""}`,
  );
}

/** Newest first; before the PATH, where Debian has a slow wrapper. */
function postgresFolders(): string[] {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((major) => join(root, major, "bin"));
}

function find(name: string, folders: readonly string[]): string | null {
  const named = process.env[`WEIR_BENCH_${name.toUpperCase()}`];
  if (named) return named;
  const path = (process.env.PATH ?? "").split(":");
  return [...folders, ...path].map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}

/** First line of what a program says of its version. */
export function versionOf(program: string): string {
  try {
    return execFileSync(program, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).split(
      "\n",
    )[0]!;
  } catch {
    return program;
  }
}
