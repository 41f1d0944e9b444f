// Files that nobody else may read: written whole or not at all, and not trusted when somebody else could have written them.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { LoginProblem } from "./login-problem.ts";

const BYTES_MAX = 1 << 20;

/**
 * Mode 0600, its folder 0700 where it has to be made; whoever reads meanwhile sees the old text or the new one.
 * @throws LoginProblem
 */
export function writeOwn(file: string, text: string): void {
  try {
    write(file, text);
  } catch (error) {
    throw new LoginProblem(`${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${randomBytes(6).toString("hex")}`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const handle = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeSync(handle, text);
    closeSync(handle);
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** null: there is none. `secret`: others may not even read it. @throws LoginProblem when others could change it, or read a secret */
export function readOwn(file: string, { secret }: { readonly secret: boolean }): string | null {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new LoginProblem(`${file} cannot be read (${code})`);
  }
  try {
    const { mode, uid, size } = fstatSync(handle);
    const own = process.geteuid?.() ?? uid;
    if ((uid !== own && uid !== 0) || (mode & 0o022) !== 0)
      throw new LoginProblem(`${file} could have been changed by others; make it yours with mode 0600`);
    if (secret && (mode & 0o077) !== 0) throw new LoginProblem(`${file} can be read by others; give it mode 0600`);
    if (size > BYTES_MAX) throw new LoginProblem(`${file} is larger than ${BYTES_MAX} bytes`);
    return readFileSync(handle, "utf8");
  } finally {
    closeSync(handle);
  }
}
