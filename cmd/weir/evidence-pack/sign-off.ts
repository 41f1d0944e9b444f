// `weir evidence sign-off PACK`: a reviewer's decision on lines of a pack's access review, signed and put into the pack.
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bufferPart, contentOfPart, type OpenPack, openPack } from "../../../pkg/evidence/open-pack.ts";
import { packNames } from "../../../pkg/evidence/pack-names.ts";
import { reviewOf } from "../../../pkg/evidence/review-of.ts";
import { sha256 } from "../../../pkg/evidence/sha256.ts";
import { makeSignOff, rowsFault } from "../../../pkg/evidence/sign-off.ts";
import { signOffPaths } from "../../../pkg/evidence/sign-offs.ts";
import { verifyPack } from "../../../pkg/evidence/verify-pack.ts";
import { writePack } from "../../../pkg/evidence/write-pack.ts";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import { version } from "../version.ts";
import { signerIn } from "./key-file.ts";

export const signOff: Command = {
  summary: "sign a decision on an evidence pack's access review",
  help: `usage: weir evidence sign-off PACK --key FILE --decision keep|revoke --reason TEXT (--row ID... | --all)

Checks the pack, signs the decision with the reviewer's key and adds it to the pack. Nobody signs off his own rights, and none
without a reason. The last decision on a line counts.

  --key FILE        the reviewer's key, of weir evidence new-key; its name is the reviewer's
  --reviewer NAME   to be sure: must be the key's name
  --decision WORD   keep or revoke
  --reason TEXT     why
  --row ID          a line of CC6.3/population.csv, its column id; once or several times
  --all             every line that has no decision yet

exit codes: 0 signed, 1 the pack does not hold, 64 wrong arguments`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(
      args,
      {
        key: { type: "string" },
        reviewer: { type: "string" },
        decision: { type: "string" },
        reason: { type: "string" },
        row: { type: "string", multiple: true },
        all: { type: "boolean", default: false },
      },
      1,
    );
    const [place] = positionals;
    if (place === undefined) throw new UsageError("name the pack");
    const { decision, reason = "" } = values;
    if (decision !== "keep" && decision !== "revoke") throw new UsageError("--decision: write keep or revoke");
    if (reason.trim() === "" || reason.length > 1024)
      throw new UsageError("--reason: say why, in up to 1024 characters");
    if (values.key === undefined) throw new UsageError("name the reviewer's key with --key FILE");
    const signer = signerIn("--key", values.key);
    if (values.reviewer !== undefined && values.reviewer !== signer.name)
      throw new UsageError(`--reviewer: the key is that of ${signer.name}`);
    if ((values.row === undefined) !== values.all)
      throw new UsageError("name lines with --row ID, or all that are open with --all");
    const pack = existsSync(place) ? openPack(place) : null;
    if (pack === null) throw new UsageError(`${place} is no evidence pack`);
    try {
      const report = await verifyPack(place, pack, {}, version());
      if (report.exitCode !== 0) {
        process.stderr.write(
          `weir: evidence: sign-off: the pack does not hold (${report.verdict}): see weir verify ${place}\n`,
        );
        return exits.failed;
      }
      const review = reviewOf(pack);
      const rows = values.row ?? review.open;
      if (rows.length === 0) throw new UsageError("the review has no line without a decision");
      const fault = rowsFault({ rows, reviewer: signer.name }, review.lines);
      if (fault !== null) throw new UsageError(fault);
      const paths = signOffPaths(pack);
      const before = paths.length === 0 ? null : contentOfPart(pack.parts.get(paths.at(-1)!)!);
      const manifest = contentOfPart(pack.parts.get(packNames.manifest)!);
      const word = {
        number: paths.length + 1,
        pack: sha256(manifest),
        decision,
        rows,
        reason,
        time: Date.now(),
      } as const;
      add(place, pack, packNames.signOff(word.number), makeSignOff(word, signer, before));
      terminal.print(
        `${signer.name}: ${decision} ${rows.length} lines; checked with weir verify ${place} --reviewer-key ${signer.vkey}`,
      );
      return exits.good;
    } finally {
      pack.close();
    }
  },
};

function add(place: string, pack: OpenPack, path: string, bytes: Buffer): void {
  if (!statSync(place).isDirectory()) return writePack(place, [...pack.parts.values(), bufferPart(path, bytes)]);
  mkdirSync(dirname(join(place, path)), { recursive: true, mode: 0o700 });
  writeFileSync(join(place, path), bytes, { mode: 0o600, flag: "wx" });
}
