// CopyData, CopyDone and CopyFail of a decided COPY ... FROM STDIN. Outside COPY the server ignores them, so they end here.
import { ownPermit } from "../policy/permit.ts";
import { encodeCopyFail } from "../wire/postgres/copy-fail.ts";
import { encodeError } from "../wire/postgres/error-fields.ts";
import type { Core } from "./core.ts";
import { holdForCopy } from "./hold-for-copy.ts";
import { judge } from "./judge.ts";
import type { Run } from "./model.ts";
import { refusedBy } from "./raise.ts";

export function onCopyData(core: Core, frame: Buffer): void {
  const copy = core.copyIn;
  if (copy === null) return;
  if (copy.policyVersion !== core.policies.version && refuseNow(core)) return;
  copy.dataSeen = true;
  core.forward(frame, ownPermit.protocol);
}

/** CopyDone or CopyFail. */
export function onCopyEnd(core: Core, frame: Buffer): void {
  if (core.copyIn === null) return;
  if (core.copyIn.policyVersion !== core.policies.version && refuseNow(core)) return;
  const { owed } = core.copyIn;
  core.copyIn = null;
  core.forward(frame, ownPermit.protocol);
  holdForCopy(core, owed, owed.at + 1);
}

/** The policy changed under a running COPY: what it refuses now ends with CopyFail. */
function refuseNow(core: Core): boolean {
  const { owed } = core.copyIn!;
  const run: Run | null = owed.parts[owed.at]?.run ?? null;
  if (run === null) return false;
  const { decision } = judge(core, run.statement, true);
  if (decision.verdict === "allow") {
    core.copyIn = { ...core.copyIn!, policyVersion: core.policies.version };
    return false;
  }
  const marker = core.names.next();
  owed.standIn = refusedBy(decision.refusal, marker, "copy", run.number);
  core.copyIn = null;
  core.forward(encodeCopyFail(marker), ownPermit.raise);
  return true;
}

/** A frame that COPY does not take: the server says so, and then that it cannot find its way in the stream any more. */
export function breakCopy(core: Core, type: number): void {
  const unexpected = `unexpected message type 0x${type.toString(16).toUpperCase().padStart(2, "0")} during COPY from stdin`;
  core.reply(
    encodeError([
      ["S", "ERROR"],
      ["V", "ERROR"],
      ["C", "08P01"],
      ["M", unexpected],
    ]),
  );
  core.endSession("08P01", "terminating connection because protocol synchronization was lost");
}
