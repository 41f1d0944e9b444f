// `weir evidence new-key`: a key with which somebody signs packs or decisions of a review.
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { newSigner, skeyOf } from "../../../pkg/ledger/note.ts";
import { type Command, exits, readArguments, UsageError } from "../command.ts";

export const newKey: Command = {
  summary: "make a signing key for packs and reviews",
  help: `usage: weir evidence new-key --name NAME --out FILE

Writes a new Ed25519 key to FILE, readable by its owner only, and prints its verifier key: give that to whoever checks packs
(weir verify --reviewer-key).

  --name NAME   whose it is, such as ana@example.com
  --out FILE    where to; never over a file that is there

exit codes: 0 written, 64 wrong arguments`,
  async run(args, terminal) {
    const { values } = readArguments(args, { name: { type: "string" }, out: { type: "string" } });
    const { name, out } = values;
    if (name === undefined || out === undefined)
      throw new UsageError("name whose key it is with --name, and the file with --out");
    if (/[\s+]|^$/.test(name)) throw new UsageError("--name: it must not be empty or have spaces or a plus sign");
    const { privateKey } = generateKeyPairSync("ed25519");
    const seed = Buffer.from(privateKey.export({ format: "jwk" }).d!, "base64url");
    try {
      writeFileSync(out, `${skeyOf(name, "ed25519", seed)}\n`, { mode: 0o600, flag: "wx" });
    } catch (cause) {
      throw new UsageError(`--out: ${out} cannot be written (${(cause as NodeJS.ErrnoException).code})`, { cause });
    }
    terminal.print(newSigner(name, "ed25519", seed).vkey);
    return exits.good;
  },
};
