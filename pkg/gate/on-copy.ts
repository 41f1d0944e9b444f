// COPY as the server sees it: CopyInResponse opens the client's data, CopyOutResponse begins rows without a description.

import { WireError } from "../wire/postgres/wire-error.ts";
import type { Core } from "./core.ts";
import { finishRun } from "./events.ts";
import { openCopyFlow } from "./flow.ts";
import type { Owed, Run } from "./model.ts";
import { show } from "./server-lane.ts";

export function onCopyStart(core: Core, head: Owed, reply: "copyIn" | "copyOut" | "copyBoth"): void {
  const run = head.parts[head.at]?.run ?? null;
  if (head.errand !== null) throw new WireError("a query of Weir's own started COPY");
  if (reply !== "copyOut")
    core.copyIn = { owed: head, policyVersion: core.policies.version, dataSeen: false, syncOwed: false };
  if (reply !== "copyIn" && run !== null) {
    const { facts } = run.statement;
    const limit = run.decision.rowLimit?.rows ?? Number.POSITIVE_INFINITY;
    core.flow = openCopyFlow(core, run, facts.understood ? (facts.copy ?? null) : null, limit);
  }
  show(core, head);
}

export function onCopyMessage(core: Core, head: Owed, reply: "copyData" | "copyDone"): void {
  if (core.muzzle !== null) return;
  const flow = core.flow;
  if (flow === null) return show(core, head);
  if (reply === "copyData") return onCopyRow(core, head);
  flow.copy?.finish();
  show(core, head);
}

/** A CopyData that has begun: counted as a row and let pass when nothing is to be masked in it. */
export function copyRowPassesUnread(core: Core): boolean {
  const { flow } = core;
  if (flow === null || flow.copy !== null || flow.copyHeaderDue || flow.left <= 0) return false;
  flow.left -= 1;
  flow.run.rows += 1;
  return true;
}

function exceeded(core: Core, run: Run): void {
  const { refusal } = run.decision.rowLimit!;
  finishRun(core, run, "refused", refusal.sqlstate, null);
  core.silence(refusal, true);
}

/** One CopyData is one row, as every server sends it; the header line and the binary trailer are none. */
function onCopyRow(core: Core, head: Owed): void {
  const { buffer, start, end } = core;
  const flow = core.flow!;
  const trailer = end - start === 7 && buffer.readUInt16BE(start + 5) === 0xffff;
  if (flow.copyHeaderDue || trailer) flow.copyHeaderDue = false;
  else {
    if (flow.left <= 0) return exceeded(core, flow.run);
    flow.left -= 1;
    flow.run.rows += 1;
  }
  if (flow.copy === null) return show(core, head);
  core.replies.beforeSink();
  flow.copy.maskCopyData(buffer, start, end, core.replies.sink);
  flow.run.maskedCells = flow.copy.maskedCells;
}
