// A folder for temporary data that the server's account can enter, even when TMPDIR is a folder of root's.
import { statSync } from "node:fs";
import { chown, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Account } from "./account.ts";

/** The first usable one of the system's folders for temporary data. */
export function sharedTemporaryFolder(account: Account): string {
  const candidates = [tmpdir(), "/tmp", "/var/tmp"];
  const found = candidates.find((folder) => canEnter(folder, account));
  if (!found)
    throw new Error(
      `no folder for temporary data that the database's account can enter; tried ${candidates.join(", ")}`,
    );
  return found;
}

/** A new folder of mode 700 that belongs to `account`. */
export async function privateFolder(account: Account, prefix: string): Promise<string> {
  const folder = await mkdtemp(join(sharedTemporaryFolder(account), prefix));
  await giveTo(folder, account);
  return folder;
}

export async function giveTo(path: string, account: Account): Promise<void> {
  if ("uid" in account) await chown(path, account.uid!, account.gid!);
}

function canEnter(folder: string, account: Account): boolean {
  if (!("uid" in account)) return true;
  for (let at = resolve(folder); ; at = dirname(at)) {
    const { mode, uid } = statSync(at, { throwIfNoEntry: false }) ?? { mode: 0, uid: -1 };
    if (!(mode & 0o001) && !(uid === account.uid && mode & 0o100)) return false;
    if (at === dirname(at)) return true;
  }
}
