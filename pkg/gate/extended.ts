// Parse, Bind, Describe, Close, Flush and Sync. A statement is judged at Parse, and again at Bind and Execute when the policy or
// what is known has changed since; what is refused is replaced by a frame that makes the server itself raise the error.
import type { Refusal } from "../policy/decision.ts";
import { decidedPermit, ownPermit } from "../policy/permit.ts";
import type { Statement } from "../sql/facts.ts";
import { type BindNames, decodeBegunBindNames, decodeBindNames, encodeBind } from "../wire/postgres/bind.ts";
import { decodeClose } from "../wire/postgres/close.ts";
import { decodeDescribe, encodeDescribe } from "../wire/postgres/describe.ts";
import { FLUSH, SYNC } from "../wire/postgres/empty-messages.ts";
import { encodeExecute } from "../wire/postgres/execute.ts";
import { decodeParse, encodeParse, type Parse } from "../wire/postgres/parse.ts";
import { confirm } from "./all-clear.ts";
import { notUnderstood } from "./analysis-cache.ts";
import { refusedAtCommit } from "./commit.ts";
import type { Core } from "./core.ts";
import { Errand } from "./errand.ts";
import { closeUnrun, recordDecision, recordOutcome } from "./events.ts";
import { contradictionOf, wantsInspection } from "./inspect.ts";
import { basisFor, governed, judge, judgePrepared, onlyStatement, refusedDecision, stands } from "./judge.ts";
import type { Judged, Portal, Prepared } from "./model.ts";
import { boundToken, ownPrepared, type PreparedAs } from "./own.ts";
import { bindsIdentity, noPlainToken, tokenInside, tokenNotPlain } from "./own-refusals.ts";
import { changedMeanwhile, pin, toldError, toPin } from "./pin.ts";
import { abortedBy, absentName, raisingSql, refusedBy } from "./raise.ts";
import { refresh } from "./refresh.ts";
import { tooManyPortals, tooManyStatements } from "./session-bounds.ts";
import { readSigned } from "./sign.ts";
import { witnessRefusal } from "./witness.ts";
import { bindsBack } from "./write-back.ts";

export function onParse(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  const parse = decodeParse(frame, 5);
  readSigned(core, "P", parse.text, (text, refusal) => {
    if (core.skipping) return;
    if (refusal !== null) return refuseUnread(core, { ...parse, text }, refusal);
    if (text === parse.text) return parseText(core, frame, parse);
    parseText(core, encodeParse(parse.name, text, parse.types), { ...parse, text });
  });
}

function refuseUnread(core: Core, parse: Parse, refusal: Refusal): void {
  const [statement] = notUnderstood(parse.text.length, "who asks is not proven").statements;
  const judged = judge(core, statement!, true);
  core.unsynced = true;
  recordDecision(core, "parse", { ...judged, decision: refusedDecision(judged, refusal) }, parse.text);
  raiseAtParse(core, parse, refusal, judged.number);
}

function parseText(core: Core, frame: Buffer, parse: Parse): void {
  const before = core.knowledge.view().key;
  const front = onlyStatement(core, parse.text, parse.types);
  if (front !== null && !front.facts.understood && !front.facts.syntax) core.knowledge.doubt();
  refresh(core, listOf(front), (refreshed) => {
    const isFresh = front?.sessionDependent !== true && core.knowledge.view().key === before;
    const statement = isFresh ? front : onlyStatement(core, parse.text, parse.types);
    confirm(core, listOf(statement), refreshed, (cancelled) => {
      core.unsynced = true;
      parseFresh(core, frame, parse, statement, cancelled);
    });
  });
}

function listOf(statement: Statement | null | undefined): readonly Statement[] {
  return statement == null ? [] : [statement];
}

function parseFresh(
  core: Core,
  frame: Buffer,
  parse: Parse,
  statement: Statement | null,
  cancelled: Refusal | null,
): void {
  if (statement === null) return prepare(core, frame, parse, null);
  const judged = judge(core, statement, true);
  const bound =
    cancelled ??
    tokenInside(statement, parse.text) ??
    tokenNotPlain(statement, parse.text) ??
    tooManyStatements(core, parse.text.length);
  const refusal = bound ?? (judged.decision.verdict === "refuse" ? judged.decision.refusal : null);
  recordDecision(
    core,
    "parse",
    bound === null ? judged : { ...judged, decision: refusedDecision(judged, bound) },
    parse.text,
  );
  if (refusal === null) return prepare(core, frame, parse, judged, ownPrepared(core, parse.text, statement));
  // What the server rejects in analysis is answered with its own error; what it accepts is refused at Bind.
  if (bound === null && !statement.facts.understood) return prepare(core, frame, parse, judged);
  raiseAtParse(core, parse, refusal, judged.number);
}

function raiseAtParse(core: Core, { name }: Parse, refusal: Refusal, number: number): void {
  const marker = core.names.next();
  const standIn = refusedBy(refusal, marker, "text", number);
  core.ask(encodeParse(name, Buffer.from(raisingSql(marker)), []), ownPermit.raise, { asked: "parse", name, standIn });
}

function prepare(core: Core, frame: Buffer, parse: Parse, judged: Judged | null, own: PreparedAs | null = null): void {
  const prepared: Prepared = {
    text: Buffer.from(parse.text),
    types: parse.types,
    inner: false,
    judged,
    basis: basisFor(core, judged),
    poison: null,
    unrun: judged?.number ?? null,
    ...(own && { own: own.own }),
  };
  closeUnrun(core, core.statements.get(parse.name));
  if (core.signed !== null) core.signed.prepared ??= prepared;
  const undo = core.statements.set(parse.name, prepared);
  const sent = own?.text == null ? frame : encodeParse(parse.name, own.text, parse.types);
  const permit = own?.text == null ? decidedPermit : ownPermit.own;
  core.ask(sent, judged?.decision.verdict === "refuse" ? ownPermit.inspect : permit, {
    asked: "parse",
    name: parse.name,
    prepared,
    undo,
  });
  if (judged !== null && wantsInspection(core, judged)) describeFirst(core, parse.name, prepared, judged, () => {});
}

/** The server describes the statement before anything of it can run. */
function describeFirst(core: Core, name: string, prepared: Prepared, judged: Judged, then: () => void): void {
  let done = false;
  const errand = new Errand(1, (ended) => {
    done = true;
    const why = ended.failed ? null : contradictionOf(core, judged, ended);
    if (why !== null) prepared.poison = witnessRefusal(why);
    else if (!ended.failed) core.options.analyses.witnessed.add(judged.statement.facts);
  });
  core.run([{ bytes: encodeDescribe("S", name), asked: "describeStatement" }], ownPermit.describe, errand);
  core.flush();
  core.hold({ why: "errand", until: () => done, resume: then });
}

/** `frame` is the beginning of a large one, or whole. */
export function bindNames(core: Core, frame: Buffer): BindNames {
  return frame === core.large?.head ? decodeBegunBindNames(frame, 5) : decodeBindNames(frame, 5);
}

export function onBind(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  const bind = bindNames(core, frame);
  const prepared = core.statements.get(bind.statement);
  if (prepared === undefined) {
    core.unsynced = true;
    return bindAbsent(core, frame, bind);
  }
  refresh(core, listOf(prepared.judged?.statement), (refreshed) => {
    confirm(core, listOf(judgePrepared(core, prepared)?.statement), refreshed, (cancelled) => {
      core.unsynced = true;
      bindKnown(core, frame, bind, prepared, cancelled);
    });
  });
}

function bindKnown(core: Core, frame: Buffer, bind: BindNames, prepared: Prepared, cancelled: Refusal | null): void {
  const changed = !stands(core, prepared);
  const judged = judgePrepared(core, prepared);
  const isBegun = frame === core.large?.head;
  const refusal =
    cancelled ??
    (isBegun && prepared.own !== undefined ? noPlainToken : null) ??
    (judged === null ? null : bindsIdentity(judged.statement, frame)) ??
    tooManyPortals(core) ??
    prepared.poison ??
    (judged?.decision.verdict === "refuse" ? judged.decision.refusal : null) ??
    bindsBack(core, frame, prepared, judged);
  if (refusal !== null) return refuseBind(core, frame, { bind, prepared, refusal });
  if (changed && judged !== null && wantsInspection(core, judged))
    return describeAgain(core, frame, bind, prepared, judged);
  const oids = judged === null ? [] : toPin(core, judged);
  if (oids.length === 0) return sendBind(core, frame, bind, prepared);
  pin(core, oids, core.knowledge.view(), (pinned) => {
    if (pinned.is === "pinned") return sendBind(core, frame, bind, prepared);
    if (!core.skipping) return refuseBind(core, frame, { bind, prepared, refusal: changedMeanwhile });
    if (pinned.is === "failed" && pinned.error !== null) core.reply(toldError(pinned.error));
  });
}

/** The server may plan the statement anew with the names of now, so its description is asked for anew. */
function describeAgain(core: Core, frame: Buffer, bind: BindNames, prepared: Prepared, judged: Judged): void {
  describeFirst(core, bind.statement, prepared, judged, () => {
    if (!core.skipping) bindKnown(core, frame, bind, prepared, null);
  });
}

function sendBind(core: Core, frame: Buffer, bind: BindNames, prepared: Prepared): void {
  const bound = boundToken(core, frame, prepared);
  const portal: Portal = {
    prepared,
    judged: prepared.judged,
    basis: prepared.basis,
    fields: null,
    described: false,
    rows: 0,
    hold: false,
    asker: core.who.principal,
    poison: null,
    ...(bound && { token: bound.token }),
  };
  const undo = core.portals.set(bind.portal, portal);
  if (bound === null) core.ask(frame, decidedPermit, { asked: "bind", prepared, undo });
  else core.ask(bound.frame, ownPermit.own, { asked: "bind", prepared, undo });
}

function bindTo(bind: BindNames, statement: string): Buffer {
  return encodeBind({ portal: bind.portal, statement, parameterFormats: [], parameters: [], resultFormats: [] });
}

interface RefusedBind {
  readonly bind: BindNames;
  readonly prepared: Prepared;
  readonly refusal: Refusal;
}

function refuseBind(core: Core, frame: Buffer, { bind, prepared, refusal }: RefusedBind): void {
  const marker = core.names.next();
  const { judged } = prepared;
  const number = judged === null ? null : core.nextNumber();
  if (judged !== null && number !== null) {
    recordDecision(core, "bind", { ...judged, number, decision: refusedDecision(judged, refusal) }, prepared.text);
  }
  if (core.surelyFailed) {
    core.ask(frame, ownPermit.aborted, { asked: "bind", standIn: abortedBy(refusal, number) });
    return;
  }
  core.ask(bindTo(bind, marker), ownPermit.raise, {
    asked: "bind",
    standIn: refusedBy(refusal, marker, "statement", number),
  });
}

/** A statement that Weir has not seen: only for principals whom no rule concerns may the server know more than we do. */
function bindAbsent(core: Core, frame: Buffer, bind: BindNames): void {
  if (!governed(core)) {
    const judged = judge(core, notUnderstood(0, "a statement that was not prepared through Weir").statements[0]!, true);
    recordDecision(core, "bind", judged, Buffer.alloc(0));
    recordOutcome(core, judged.number, "unknown", null);
    core.ask(frame, decidedPermit, { asked: "bind", undo: core.portals.drop(bind.portal) });
    return;
  }
  const marker = core.names.next();
  core.ask(bindTo(bind, marker), ownPermit.raise, {
    asked: "bind",
    standIn: absentName(bind.statement, marker, "statement"),
  });
}

export function onDescribe(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  core.unsynced = true;
  const { target, name } = decodeDescribe(frame, 5);
  if (target === "S") {
    core.ask(frame, ownPermit.describe, { asked: "describeStatement", prepared: core.statements.get(name) ?? null });
    return;
  }
  const portal = core.portals.get(name) ?? null;
  if (portal !== null) portal.described = true;
  core.ask(frame, ownPermit.describe, { asked: "describePortal", portal });
}

export function onClose(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  core.unsynced = true;
  const { target, name } = decodeClose(frame, 5);
  if (target === "S") closeUnrun(core, core.statements.get(name));
  const undo = target === "S" ? core.statements.drop(name) : core.portals.drop(name);
  core.ask(frame, ownPermit.protocol, { asked: "close", undo });
}

export function onFlush(core: Core): void {
  if (core.copyIn === null) core.forward(FLUSH, ownPermit.protocol);
}

export function onSync(core: Core): void {
  if (core.copyIn !== null) {
    // The server ignores a Sync while it reads COPY data; if COPY had failed before it, the Sync ends the skipping.
    core.copyIn.syncOwed = core.copyIn.dataSeen;
    return;
  }
  const implicit = core.unsynced && !core.skipping && core.transaction === "I";
  const refusal = implicit ? refusedAtCommit(core) : null;
  if (refusal !== null) raiseInBatch(core, refusal, null);
  core.unsynced = false;
  core.skipping = false;
  core.signed = null;
  core.allClear.over();
  core.ask(SYNC, ownPermit.protocol, { asked: "sync" });
}

/** An error of ours inside the client's batch: the server skips the rest of it and rolls its implicit transaction back. */
export function raiseInBatch(core: Core, refusal: Refusal, number: number | null): void {
  const marker = core.names.next();
  core.ask(encodeExecute(marker, 0), ownPermit.raise, {
    asked: "execute",
    standIn: refusedBy(refusal, marker, "portal", number),
  });
}
