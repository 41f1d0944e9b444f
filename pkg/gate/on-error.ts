// ErrorResponse: ours when it answers a stand-in, scrubbed when the statement touched protected columns, else as the server said it.

import { ownPermit } from "../policy/permit.ts";
import { steps } from "../session/owed.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import { decodeErrorFields } from "../wire/postgres/error-fields.ts";
import type { Core } from "./core.ts";
import { onCountedError } from "./counted.ts";
import { answersStandIn, movedError, scrubbedError, standInError } from "./error-reply.ts";
import { closeUnrun, finishRun, recordOutcome } from "./events.ts";
import type { Owed, StandIn } from "./model.ts";
import { withholds } from "./scrub.ts";

export function onError(core: Core, head: Owed, frame: Buffer): void {
  const fields = decodeErrorFields(frame.subarray(5));
  core.flow = null;
  core.temporary.failed();
  if (core.who.isSet) core.who.failed();
  if (head.errand !== null) head.errand.failedWith(frame);
  else answer(core, head, fields, frame);
  leaveCopy(core);
  if (steps[head.asked].error === "skip") skip(core, fields.get("C") ?? null);
  if (head.counting !== null) onCountedError(core, head.counting);
}

function standInOf(head: Owed): StandIn | null {
  return head.standIn ?? head.parts[head.at]?.standIn ?? null;
}

function answer(core: Core, head: Owed, fields: ReadonlyMap<string, string>, frame: Buffer): void {
  const sqlstate = fields.get("C") ?? "XX000";
  const standIn = standInOf(head);
  const run = head.parts[head.at]?.run ?? null;
  if (standIn !== null && answersStandIn(fields, standIn)) {
    const told = standIn.tell.say === "refusal" ? standIn.tell.refusal.sqlstate : sqlstate;
    if (run !== null) finishRun(core, run, "refused", told, null);
    else if (standIn.number !== null) recordOutcome(core, standIn.number, "refused", told);
    tell(core, standInError(fields, standIn, core.utf8));
    return;
  }
  if (standIn !== null && standIn.number !== null && run === null)
    recordOutcome(core, standIn.number, "refused", sqlstate);
  if (run !== null) finishRun(core, run, sqlstate === "57014" ? "cancelled" : "failed", sqlstate, null);
  const isWithheld = withholds(core, head) && !isOfBindItself(head, fields) && !isOfFailedTransaction(fields);
  tell(core, isWithheld ? scrubbedError(frame.subarray(5)) : asWritten(head, fields, frame));
}

/** With the position in the text that the client wrote. */
function asWritten(head: Owed, fields: ReadonlyMap<string, string>, frame: Buffer): Buffer {
  const movedBy = head.parts[head.at]?.movedBy ?? 0;
  return movedBy === 0 || !fields.has("P") ? frame : movedError(fields, movedBy);
}

/** Bind's own look at the message and its names, before anything is planned. */
function isOfBindItself({ asked }: Owed, fields: ReadonlyMap<string, string>): boolean {
  return asked === "bind" && fields.get("R") === "exec_bind_message";
}

/** The protocol's own answer to whatever is sent in a failed transaction. No code of a session's can choose its routine. */
function isOfFailedTransaction(fields: ReadonlyMap<string, string>): boolean {
  return fields.get("C") === "25P02" && fields.get("F") === "postgres.c" && /^exec_/.test(fields.get("R") ?? "");
}

function tell(core: Core, bytes: Buffer): void {
  if (core.muzzle !== null) return;
  core.warn();
  core.reply(bytes);
}

/** COPY ended by itself while the client still sends data, which the server now ignores. */
function leaveCopy(core: Core): void {
  const copy = core.copyIn;
  core.copyIn = null;
  if (copy === null || !copy.syncOwed || copy.owed.asked !== "execute") return;
  core.ask(SYNC, ownPermit.protocol, { asked: "sync" });
  core.unsynced = false;
}

/** Everything up to the next Sync is skipped: undone in our books, and closed in the records. */
function skip(core: Core, sqlstate: string | null): void {
  const [failed, ...skipped] = core.owed.skip();
  for (const entry of [...skipped].reverse()) entry.undo?.();
  failed?.undo?.();
  if (failed?.asked === "parse" && failed.prepared !== null) closeUnrun(core, failed.prepared, "failed", sqlstate);
  if (failed?.asked === "parse" && failed.name === "") core.statements.drop("");
  failed?.errand?.settle(false);
  for (const entry of skipped) {
    for (const part of entry.parts) if (part.run !== null) finishRun(core, part.run, "skipped", null, null);
    const standIn = standInOf(entry);
    if (standIn !== null && standIn.number !== null) recordOutcome(core, standIn.number, "skipped", null);
    if (entry.asked === "parse" && entry.prepared !== null) closeUnrun(core, entry.prepared, "skipped");
    entry.errand?.settle(true);
  }
  core.skipping = !core.owed.hasSync;
}
