// A statement ended: CommandComplete, EmptyQueryResponse or PortalSuspended. Names it made or dropped are the server's now.

import { ownPermit } from "../policy/permit.ts";
import { decodeCommandComplete } from "../wire/postgres/command-complete.ts";
import { encodeExecute } from "../wire/postgres/execute.ts";
import type { Core } from "./core.ts";
import { onCountedEnd } from "./counted.ts";
import { disturb } from "./disturb.ts";
import { Errand } from "./errand.ts";
import { closeUnrun, finishRun } from "./events.ts";
import { raiseInBatch } from "./extended.ts";
import { wireName } from "./judge.ts";
import type { Owed, Portal, Prepared, Run } from "./model.ts";
import { show } from "./server-lane.ts";

export function onCompleted(core: Core, head: Owed, reply: "commandComplete" | "emptyQuery"): void {
  head.errand?.completed();
  const run = head.parts[head.at]?.run ?? null;
  const tag = reply === "emptyQuery" ? "" : decodeCommandComplete(core.buffer, core.start + 5, core.end);
  if (run !== null) completed(core, run);
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
  if (!facts.understood || facts.changesCatalog || facts.changesResolution) disturb(core, judged);
  learnNames(core, run);
}

/** SQL PREPARE, DEALLOCATE, DECLARE, CLOSE and DISCARD change the same names as the protocol's messages. */
function learnNames(core: Core, run: Run): void {
  const { facts } = run.statement;
  const name = facts.understood ? facts.name : undefined;
  if (name === undefined) return;
  switch (name.do) {
    case "prepare":
      core.statements.set(wireName(name.name), inner(run, name.statement));
      return;
    case "declare":
      core.portals.set(wireName(name.name), cursor(run, name.statement, name.hold));
      return;
    case "deallocate":
      forgetStatements(core, name.name === null ? null : wireName(name.name));
      return;
    case "close":
      if (name.name === null) core.portals.clear();
      else core.portals.drop(wireName(name.name));
      return;
    case "discard":
      forgetStatements(core, null);
      core.portals.clear();
      return;
    case "execute":
    case "fetch":
    case "move":
      return;
    default:
      name satisfies never;
  }
}

function forgetStatements(core: Core, name: string | null): void {
  for (const prepared of name === null ? core.statements.values() : [core.statements.get(name)])
    closeUnrun(core, prepared);
  if (name === null) core.statements.clear();
  else core.statements.drop(name);
}

function inner(run: Run, facts: Run["statement"]["facts"]): Prepared {
  const statement = { ...run.statement, facts };
  return {
    text: Buffer.from(run.text),
    types: [],
    inner: true,
    judged: { number: run.number, statement, decision: run.decision },
    basis: "",
    poison: null,
    unrun: null,
  };
}

function cursor(run: Run, facts: Run["statement"]["facts"], hold: boolean): Portal {
  const prepared = inner(run, facts);
  return {
    prepared,
    judged: prepared.judged,
    basis: prepared.basis,
    fields: null,
    described: false,
    rows: 0,
    hold,
    poison: null,
  };
}

export function onSuspended(core: Core, head: Owed): void {
  const run = head.parts[head.at]?.run ?? null;
  core.flow = null;
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
