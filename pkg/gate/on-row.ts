// DataRow: the only message that is common enough to be written for speed. One result shape, one flow; no object per row.
import type { Statement } from "../sql/facts.ts";
import { encodeDataRow } from "../wire/postgres/data-row.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import type { Core } from "./core.ts";
import { noteHeld } from "./counted.ts";
import { finishRun } from "./events.ts";
import { type Flow, openRowFlow } from "./flow.ts";
import type { Owed, Part, Portal, Run } from "./model.ts";
import { wireName } from "./wire-name.ts";

export function onRow(core: Core, head: Owed, buffer: Buffer, start: number, end: number): void {
  if (head.errand !== null) return head.errand.row(buffer.subarray(start + 5, end));
  if (core.muzzle !== null) return;
  if (core.flow === null && head.parts[head.at]?.own?.do === "show") return showOwn(core, head.parts[head.at]!);
  const flow = core.flow ?? executeFlow(core, head);
  if (flow === null) return;
  noteHeld(head, end - start);
  if (flow.left <= 0) return exceeded(core, head, flow);
  flow.left -= 1;
  flow.run.rows += 1;
  if (flow.rows === null) return core.replies.pass(buffer, start, end);
  core.replies.beforeSink();
  flow.rows.maskDataRow(buffer, start, end, core.replies.sink);
  flow.run.maskedCells = flow.rows.maskedCells;
}

function showOwn(core: Core, { run, own }: Part): void {
  if (own?.do !== "show") return;
  if (run !== null) run.rows += 1;
  core.reply(encodeDataRow([Buffer.from(own.value)]));
}

/** A row that has begun: counted and let pass when nothing is to be masked in it. */
export function rowPassesUnread(core: Core, head: Owed): boolean {
  const flow = core.flow ?? executeFlow(core, head);
  if (flow === null || flow.rows !== null || flow.left <= 0) return false;
  flow.left -= 1;
  flow.run.rows += 1;
  return true;
}

/** Rows of an Execute: their shape came with a Describe of its portal, ours or the client's. */
function executeFlow(core: Core, head: Owed): Flow | null {
  const run = head.parts[head.at]?.run ?? null;
  if (run === null) throw new WireError("the server sent a row for a statement that returns none");
  const { portal } = head;
  const poison = portal?.poison ?? null;
  if (poison !== null) {
    finishRun(core, run, "refused", poison.sqlstate, null);
    core.silence(poison, false);
    return null;
  }
  if (head.asked === "execute" && portal?.fields == null && run.decision.masks.columns !== null) {
    throw new WireError("rows arrived before their description, so they cannot be masked");
  }
  core.flow = openRowFlow(core, run, portal?.fields ?? [], head.rowsLeft ?? limitOf(core, head));
  return core.flow;
}

export function limitOf(core: Core, head: Owed): number {
  const run = head.parts[head.at]?.run ?? null;
  const limit = run?.decision.rowLimit ?? null;
  if (head.asked === "execute" || run === null || limit === null) return Number.POSITIVE_INFINITY;
  return Math.max(0, limit.rows - rowsFetched(core, run));
}

/** Rows of a cursor are one result, however many FETCHes take them. */
export function rowsFetched(core: Core, { statement }: Pick<Run, "statement">): number {
  return cursorOf(core, statement)?.rows ?? 0;
}

/** What a FETCH has shown counts for its cursor. */
export function noteFetched(core: Core, run: Run): void {
  const cursor = cursorOf(core, run.statement);
  if (cursor !== null) cursor.rows += run.rows;
}

function cursorOf(core: Core, { facts }: Statement): Portal | null {
  if (!facts.understood || facts.name?.do !== "fetch") return null;
  return core.portals.get(wireName(facts.name.name)) ?? null;
}

/** A row above the limit never leaves. Extended: the server stops at our max_rows by itself. Simple: it is cancelled. */
function exceeded(core: Core, head: Owed, flow: Flow): void {
  const limit = flow.run.decision.rowLimit;
  if (head.asked === "execute" || limit === null) return;
  finishRun(core, flow.run, "refused", limit.refusal.sqlstate, null);
  core.silence(limit.refusal, true);
}
