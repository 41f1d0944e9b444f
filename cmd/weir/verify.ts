// `weir verify PATH`: are the records all there, and as they were written?
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODES } from "../../pkg/audit/exit-codes.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { verifyReportText } from "../../pkg/audit/verify-report.ts";
import { openPack } from "../../pkg/evidence/open-pack.ts";
import { PACK_EXIT_CODES, type PackReport } from "../../pkg/evidence/pack-report.ts";
import { packReportText } from "../../pkg/evidence/pack-report-text.ts";
import { verifyPack } from "../../pkg/evidence/verify-pack.ts";
import { LedgerError } from "../../pkg/ledger/ledger-error.ts";
import type { LedgerReport, Trust } from "../../pkg/ledger/ledger-report.ts";
import { ledgerReportText } from "../../pkg/ledger/ledger-report-text.ts";
import { looksLikeRecordProof, RECORD_PROOF_BYTES_MAX } from "../../pkg/ledger/record-proof.ts";
import { looksLikeEvidence, unreadable, verifyEvidence } from "../../pkg/ledger/verify-evidence.ts";
import { verifyLedger } from "../../pkg/ledger/verify-ledger.ts";
import { verifyRecordProof } from "../../pkg/ledger/verify-record-proof.ts";
import { type Command, readArguments, UsageError } from "./command.ts";
import { version } from "./version.ts";

const exitCodes = Object.entries({ ...EXIT_CODES, ...PACK_EXIT_CODES })
  .map(([verdict, code]) => `${code} ${verdict}`)
  .join(", ");

export const verify: Command = {
  summary: "check records: altered, missing, reordered, cut off, forked, wrongly signed",
  help: `usage: weir verify PATH [--log-key KEY] [--checkpoint FILE] [--witness KEY]... [--json]
       weir verify --spool FOLDER [--json]

Checks, without any network, that records are whole and as they were written. PATH is an evidence file, an evidence
pack, the proof of one record, a collector's data folder or a sidecar's spool; folders may be in use. Nothing is written.

  --log-key KEY       the log's verifier key (NAME+HASH+BASE64, or a file that holds it), as its owner publishes it;
                      without it the log is taken at its own word
  --checkpoint FILE   a checkpoint of the same log, kept from earlier: the log must go on from it
  --witness KEY       a witness whose signature the checkpoint must carry
  --reviewer-key KEY  of a pack: whose sign-offs count; once or several times
  --seed TEXT         of a pack: what its samples must have been drawn with
  --spool FOLDER      the folder that \`spool.folder\` of a sidecar names
  --json              the whole report as JSON

exit codes: ${exitCodes}, 64 wrong arguments`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(
      args,
      {
        spool: { type: "string" },
        "log-key": { type: "string" },
        checkpoint: { type: "string" },
        witness: { type: "string", multiple: true },
        "reviewer-key": { type: "string", multiple: true },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
      },
      1,
    );
    const path = values.spool ?? positionals[0];
    if (path === undefined) throw new UsageError("name what to verify: an evidence file, or a folder");
    if (values.spool !== undefined && positionals.length > 0)
      throw new UsageError(`"${positionals[0]}" is one argument too many beside --spool`);
    const trust = trustOf(values);
    const print = (report: { readonly exitCode: number }, text: () => string): number => {
      terminal.print((values.json ? JSON.stringify(report, null, 2) : text()).trimEnd());
      return report.exitCode;
    };
    const packed = values.spool === undefined ? await packReport(path, { ...trust, ...packTrustOf(values) }) : null;
    if (packed !== null) return print(packed, () => packReportText(packed));
    if (values.spool !== undefined || isSpool(path)) {
      if (Object.keys(trust).length > 0)
        throw new UsageError("a spool has no log: leave --log-key, --checkpoint and --witness out");
      const report = await verifySpool(path);
      return print(report, () => verifyReportText(report));
    }
    const report = await verifyPath(path, trust);
    return print(report, () => ledgerReportText(report));
  },
};

interface TrustOptions {
  readonly "log-key"?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly witness?: readonly string[] | undefined;
}

function trustOf(values: TrustOptions): Trust {
  const key = values["log-key"];
  return {
    ...(key === undefined ? {} : { logKey: keyText(key) }),
    ...(values.checkpoint === undefined ? {} : { olderCheckpoint: fileText("--checkpoint", values.checkpoint) }),
    ...(values.witness === undefined ? {} : { witnessKeys: values.witness.map(keyText) }),
  };
}

interface PackTrustOptions {
  readonly "reviewer-key"?: readonly string[] | undefined;
  readonly seed?: string | undefined;
}

function packTrustOf(values: PackTrustOptions) {
  return {
    ...(values["reviewer-key"] !== undefined && { reviewerKeys: values["reviewer-key"].map(keyText) }),
    ...(values.seed !== undefined && { seed: values.seed }),
  };
}

/** Null when it is no pack. */
async function packReport(path: string, trust: Parameters<typeof verifyPack>[2]): Promise<PackReport | null> {
  const pack = packAt(path);
  if (pack === null) return null;
  try {
    return await verifyPack(path, pack, trust, version());
  } catch (cause) {
    if (cause instanceof LedgerError && cause.code === "malformed") throw new UsageError(cause.message, { cause });
    throw cause;
  } finally {
    pack.close();
  }
}

/** What cannot be read is told below, as of any path. */
function packAt(path: string) {
  try {
    return openPack(path);
  } catch {
    return null;
  }
}

function keyText(value: string): string {
  return existsSync(value) ? readFileSync(value, "utf8").trim() : value;
}

function fileText(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`${option}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

/** A folder that is no collector's; what holds no segment is told by `verifySpool`. */
function isSpool(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory() && !existsSync(join(path, "log"));
}

async function verifyPath(path: string, trust: Trust): Promise<LedgerReport> {
  try {
    if (existsSync(path) && statSync(path).isDirectory()) return await verifyLedger(path, trust);
    return verifyFile(path, trust);
  } catch (cause) {
    if (cause instanceof LedgerError && cause.code === "malformed") throw new UsageError(cause.message, { cause });
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined || cause instanceof LedgerError) throw cause;
    return unreadable(path, `it cannot be read (${code}): name a file or folder that you may read`);
  }
}

function verifyFile(path: string, trust: Trust): LedgerReport {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    const begin = Buffer.alloc(64);
    readSync(fd, begin, 0, begin.length, 0);
    if (looksLikeRecordProof(begin) && size <= RECORD_PROOF_BYTES_MAX)
      return verifyRecordProof(path, readFileSync(path), trust);
    if (!looksLikeEvidence(begin))
      return unreadable(path, "it is no evidence file, no proof of a record and no folder of Weir");
    const read = (into: Uint8Array, position: number) => readSync(fd, into, 0, into.length, position);
    return verifyEvidence({ place: path, bytes: size, read }, trust);
  } finally {
    closeSync(fd);
  }
}
