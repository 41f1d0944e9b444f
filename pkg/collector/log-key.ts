// The key that signs checkpoints: from a file that was given, else made once and kept beside the log, for its owner only.
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SEED_BYTES } from "../ledger/ed25519.ts";
import { type NoteSigner, parseSkey, skeyOf } from "../ledger/note.ts";
import type { Random } from "../runtime/random.ts";
import { CollectorError } from "./collector-error.ts";
import type { CollectorFiles } from "./collector-files.ts";

export interface LogKeyOptions {
  readonly folder: string;
  readonly origin: string;
  /** null: the folder's own. */
  readonly file: string | null;
  readonly files: CollectorFiles;
  readonly random: Random;
}

export const KEY_FILE = "log.key";

/** @throws CollectorError */
export async function openLogKey({ folder, origin, file, files, random }: LogKeyOptions): Promise<NoteSigner> {
  const own = join(folder, KEY_FILE);
  if (file === null && !existsSync(own)) {
    // Auditors hold the old key: another one in its place would look like another log.
    if (existsSync(join(folder, "log", "checkpoint")))
      throw new CollectorError(
        "damaged",
        `${own}: is gone, and the log is signed with it; restore it from your backup`,
      );
    await files.replaceAll([[own, Buffer.from(`${skeyOf(origin, "ed25519", random.bytes(SEED_BYTES))}\n`)]]);
    chmodSync(own, 0o600);
  }
  return readKey(file ?? own, origin);
}

function readKey(file: string, origin: string): NoteSigner {
  let signer: NoteSigner;
  try {
    signer = parseSkey(readFileSync(file, "utf8"));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? "not a key PRIVATE+KEY+NAME+HASH+BASE64";
    throw new CollectorError("damaged", `${file}: the log's key cannot be read (${why})`, cause);
  }
  if (signer.name !== origin || signer.kind !== "ed25519")
    throw new CollectorError("damaged", `${file}: is the key of "${signer.name}", and the log is "${origin}"`);
  if ((statSync(file).mode & 0o007) !== 0)
    throw new CollectorError("damaged", `${file}: others may read or write it; chmod 600 it`);
  return signer;
}
