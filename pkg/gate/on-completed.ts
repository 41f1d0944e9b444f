// A statement ended: CommandComplete, EmptyQueryResponse or PortalSuspended. Names it made or dropped are the server's now.

import { ownPermit } from "../policy/permit.ts";
import { decodeCommandComplete } from "../wire/postgres/command-complete.ts";
import { encodeExecute } from "../wire/postgres/execute.ts";
import type { Core } from "./core.ts";
import { onCountedEnd } from "./counted.ts";
import { disturb } from "./disturb.ts";
import { Errand } from "./errand.ts";
import { finishRun } from "./events.ts";
import { raiseInBatch } from "./extended.ts";
import { learnNames } from "./learn-names.ts";
import { learnPins, learnWho } from "./learn-who.ts";
import type { Owed, Run } from "./model.ts";
import { noteFetched } from "./on-row.ts";
import { isCalledByUs } from "./own-calls.ts";
import { show } from "./server-lane.ts";

export function onCompleted(core: Core, head: Owed, reply: "commandComplete" | "emptyQuery"): void {
  head.errand?.completed();
  const run = head.parts[head.at]?.run ?? null;
  const tag = reply === "emptyQuery" ? "" : decodeCommandComplete(core.buffer, core.start + 5, core.end);
  if (run !== null) {
    if (core.who.isSet || head.parts[head.at]?.own !== undefined) learnWho(core, head.parts[head.at]!, tag);
    core.temporary.completed(run.statement.facts, core.transaction !== "I");
    if (core.session !== null) learnPins(core, head.parts[head.at]!);
    completed(core, run);
    noteFetched(core, run);
  }
  if (head.errand === null && core.muzzle === null) core.warn();
  show(core, head);
  core.flow = null;
  if (head.counting !== null) return onCountedEnd(core, head.counting, affectedRows(tag));
  if (run !== null) finishRun(core, run, "completed", null, affectedRows(tag));
  if (head.asked === "query") head.at += 1;
  else if (core.muzzle !== null && head.errand === null) abortBatch(core);
}

/** The client was told an error, but the server finished before the cancel reached it: its implicit transaction must not commit. */
function abortBatch(core: Core): void {
  const frame = { bytes: encodeExecute(core.names.next(), 0), asked: "execute" as const };
  core.run([frame], ownPermit.raise, new Errand(1, () => {}));
}

const SPACE = 0x20;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Rows as the command tag counts them: its last word, "INSERT 0 5", "SELECT 3". */
function affectedRows(tag: string): number | null {
  let at = tag.length;
  while (at > 0 && isDigit(tag.charCodeAt(at - 1))) at -= 1;
  const whole = at < tag.length && (at === 0 || tag.charCodeAt(at - 1) === SPACE);
  return whole ? Number(tag.slice(at)) : null;
}

function completed(core: Core, run: Run): void {
  const judged = { number: run.number, statement: run.statement, decision: run.decision };
  const { facts } = run.statement;
  if (facts.takesSnapshot === true) core.snapshotTaken = true;
  if (facts.understood && facts.revokesCalls?.some(isCalledByUs)) core.ownQueriesMayFail = true;
  if (!facts.understood || facts.changesCatalog || facts.changesResolution) disturb(core, judged);
  if (!run.named) learnNames(core, run);
}

export function onSuspended(core: Core, head: Owed): void {
  const run = head.parts[head.at]?.run ?? null;
  core.flow = null;
  if (run !== null) noteFetched(core, run);
  if (run !== null && head.rowsLeft !== null) {
    // One row more than may leave was there: the rest of the batch is skipped after an error of ours.
    finishRun(core, run, "refused", run.decision.rowLimit!.refusal.sqlstate, null);
    raiseInBatch(core, run.decision.rowLimit!.refusal, null);
    return;
  }
  show(core, head);
  if (head.counting !== null) return onCountedEnd(core, head.counting, null);
  if (run !== null) finishRun(core, run, "completed", null, null);
}
