// `weir verify --spool DIR`: are the records all there, and as they were written?
import { EXIT_CODES } from "../../pkg/audit/exit-codes.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { verifyReportText } from "../../pkg/audit/verify-report.ts";
import { type Command, readArguments, UsageError } from "./command.ts";

const exitCodes = Object.entries(EXIT_CODES)
  .map(([verdict, code]) => `${code} ${verdict}`)
  .join(", ");

export const verify: Command = {
  summary: "check the records of a sidecar: altered, missing, reordered, cut off",
  help: `usage: weir verify --spool FOLDER [--json]

Reads a sidecar's spool, which may be in use, and checks every record against its hash and its place in the chain.
Nothing is written. The last hash that it prints can be compared with one noted elsewhere.

  --spool FOLDER   the folder that \`spool.folder\` of the sidecar names
  --json           the whole report as JSON

exit codes: ${exitCodes}, 64 wrong arguments`,
  async run(args, terminal) {
    const { values } = readArguments(args, { spool: { type: "string" }, json: { type: "boolean", default: false } });
    if (values.spool === undefined) throw new UsageError("name the spool with --spool FOLDER");
    const report = await verifySpool(values.spool);
    terminal.print((values.json ? JSON.stringify(report, null, 2) : verifyReportText(report)).trimEnd());
    return report.exitCode;
  },
};
