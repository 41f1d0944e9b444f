// Frames of the server, in order. Rows first and plainly: they pass as slices of the read buffer, or through the plan that was made
// for their result. Everything else steps the frame at the head of what is owed.

import { type Reply, steps } from "../session/owed.ts";
import { replyOf } from "../session/reply.ts";
import type { FrameReader } from "../wire/postgres/frame-reader.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { onAsync } from "./async-messages.ts";
import type { Core } from "./core.ts";
import type { Owed } from "./model.ts";
import { onCompleted, onSuspended } from "./on-completed.ts";
import { copyRowPassesUnread, onCopyMessage, onCopyStart } from "./on-copy.ts";
import { onDescribed } from "./on-described.ts";
import { onError } from "./on-error.ts";
import { onReady } from "./on-ready.ts";
import { onRow, rowPassesUnread } from "./on-row.ts";

/** A frame `buffer[start, end)` of type `type`. */
export function onServerFrame(core: Core, type: number, buffer: Buffer, start: number, end: number): void {
  const reply = replyOf(type);
  if (reply === null) return onAsync(core, type, buffer, start, end);
  core.buffer = buffer;
  core.start = start;
  core.end = end;
  const head = core.owed.head;
  if (head === undefined) return unasked(core, reply, buffer, start, end);
  const step = steps[head.asked][reply];
  if (step === null) throw new WireError(`the server answered ${head.asked} with ${reply}`);
  if (reply === "dataRow") return onRow(core, head, buffer, start, end);
  if (reply === "error") onError(core, head, core.frame());
  else if (reply === "ready") onReady(core, head);
  else answered(core, head, reply);
  if (step !== "done" || reply === "ready") return;
  core.owed.shift();
  head.errand?.settle(false);
}

/** Rows that pass unchanged: counted, and passed as one slice with all that follow them here. False: the frame is to be looked at. */
export function passesAsRows(core: Core, server: FrameReader): boolean {
  const { flow, owed } = core;
  const head = owed.head;
  if (flow === null || flow.plainType !== server.type || flow.copyHeaderDue || head === undefined) return false;
  if (core.muzzle !== null || head.errand !== null || head.counting !== null || head.silent) return false;
  flow.run.rows += 1 + server.extend();
  core.replies.pass(server.buffer, server.start, server.end);
  return true;
}

/**
 * A frame of type `type` has begun: true when it passes to the client unchanged whatever it holds, so that it need not be whole. It
 * then counts as passed.
 */
export function passesUnread(core: Core, type: number): boolean {
  const reply = replyOf(type);
  const head = core.owed.head;
  if (head === undefined || reply === null || steps[head.asked][reply] === null) return false;
  const isHidden = head.errand !== null || core.muzzle !== null || core.holdsReplies || head.silent;
  if (isHidden || head.parts[head.at]?.shown === false) return false;
  if (reply === "dataRow") return rowPassesUnread(core, head);
  return reply === "copyData" && copyRowPassesUnread(core);
}

/** An error without a question ends the connection (the server shuts down, an administrator ended it): the client reads it as it is. */
function unasked(core: Core, reply: Reply, buffer: Buffer, start: number, end: number): void {
  if (reply !== "error") throw new WireError(`the server sent ${reply} that nobody asked for`);
  core.replies.pass(buffer, start, end);
}

function answered(core: Core, head: Owed, reply: Reply): void {
  switch (reply) {
    case "parameterDescription":
    case "rowDescription":
    case "noData":
      return onDescribed(core, head, reply);
    case "commandComplete":
    case "emptyQuery":
      return onCompleted(core, head, reply);
    case "portalSuspended":
      return onSuspended(core, head);
    case "copyIn":
    case "copyOut":
    case "copyBoth":
      return onCopyStart(core, head, reply);
    case "copyData":
    case "copyDone":
      return onCopyMessage(core, head, reply);
    default:
      show(core, head);
  }
}

/** The client sees it, unless it answers a frame of ours or an error was told already. */
export function show(core: Core, head: Owed): void {
  if (head.errand !== null || core.muzzle !== null || head.silent) return;
  if (head.parts[head.at]?.shown === false) return;
  core.passCurrent();
}
