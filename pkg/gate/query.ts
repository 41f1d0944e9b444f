// Query: one string, any number of statements. One refused statement is replaced on the wire by one that raises; the others stay,
// so what ran before it and what does not run after it is the server's own doing (docs/design.md section 5, table of refusals).
import type { Refusal } from "../policy/decision.ts";
import { decidedPermit, ownPermit } from "../policy/permit.ts";
import type { Principal } from "../principal/principal.ts";
import type { Analysis, OwnStatement, Statement } from "../sql/facts.ts";
import { decodeQuery, encodeQuery } from "../wire/postgres/query.ts";
import { askAllClear, confirm } from "./all-clear.ts";
import { notUnderstood } from "./analysis-cache.ts";
import { commitRefusal } from "./commit.ts";
import type { Core } from "./core.ts";
import { runCountedQuery } from "./counted.ts";
import { disturb } from "./disturb.ts";
import { recordDecision, recordOutcome } from "./events.ts";
import { holdForCopy } from "./hold-for-copy.ts";
import { inspect, inspectUnparsed, wantsInspection } from "./inspect.ts";
import { analyzeText, type JudgedInOrder, judge, judgeInOrder, refusedDecision } from "./judge.ts";
import type { Judged, OwnPart, Part, Portal, Prepared, Run } from "./model.ts";
import { literalToken, ownOf, ownShown, SHOWN_INSTEAD, withoutToken } from "./own.ts";
import { cancelledByUser, mayAsk } from "./own-queries.ts";
import { mayHoldToken, noPlainToken, refusedIdentity, tokenInside, whoChangesInside } from "./own-refusals.ts";
import { pinQuery, toPin } from "./pin.ts";
import { cannotPin, toPinOfString } from "./pin-string.ts";
import { raisingSql, refusedBy, rollbackThenRaiseSql } from "./raise.ts";
import { refresh } from "./refresh.ts";
import { RewrittenString } from "./rewritten-string.ts";
import { readSigned } from "./sign.ts";
import { stringGuard } from "./string-guard.ts";
import { writesBack } from "./write-back.ts";

interface Asked {
  readonly frame: Buffer;
  readonly text: Buffer;
  /** It was decided anew already, because what it was decided on had changed. */
  readonly again: boolean;
}

export function onQuery(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  const { text: sent } = decodeQuery(frame, 5);
  readSigned(core, "Q", sent, (text, refusal) => {
    if (refusal !== null) return refuseUnread(core, text, refusal);
    decideQuery(core, { frame: text === sent ? frame : encodeQuery(text), text, again: false });
  });
}

/** Nothing of it is looked at, not even how many statements it holds. */
function refuseUnread(core: Core, text: Buffer, refusal: Refusal): void {
  const [statement] = notUnderstood(text.length, "who asks is not proven").statements;
  const judged = judge(core, statement!, true);
  recordDecision(core, "query", { ...judged, decision: refusedDecision(judged, refusal) }, text);
  refuseWhole(core, [judged], refusal);
}

function decideQuery(core: Core, asked: Asked): void {
  const { frame, text } = asked;
  const before = core.knowledge.view();
  const known = analyzeText(core, text, before);
  if (known.statements.some(({ facts }) => !facts.understood && !facts.syntax)) core.knowledge.doubt();
  const decided = (refreshed: Refusal | null) => {
    const now = core.knowledge.view();
    const analysis = now.key === before.key ? known : analyzeText(core, text, now);
    const [first] = analysis.statements;
    if (first === undefined) return send(core, frame, [{ run: null, shown: true, standIn: null }]);
    confirm(core, analysis.statements, refreshed, (cancelled) => {
      if (analysis.statements.length > 1) several(core, asked, analysis, cancelled);
      else alone(core, asked, first, cancelled);
    });
  };
  refresh(core, known.statements, decided, true);
}

/** The frame goes up as it is, decided. */
function send(core: Core, frame: Buffer, parts: readonly Part[]): void {
  const asked = core.ask(frame, decidedPermit, { asked: "query", parts });
  holdForCopy(core, asked, 0);
}

function alone(core: Core, asked: Asked, statement: Statement, cancelled: Refusal | null): void {
  const { frame, text } = asked;
  const view = core.knowledge.view();
  const judged = judge(core, statement, true);
  const refusal = cancelled ?? refusalOf(core, judged, text);
  const own = ownOf(statement);
  if (own !== null && refusal === null) return runOwn(core, text, judged, own);
  if (refusal !== null) {
    const refused = () => refuse(core, text, judged, refusal);
    if (cancelled === null && !statement.facts.understood && !mayHoldToken(refusal))
      inspectUnparsed(core, text, judged, refused);
    else refused();
    return;
  }
  const run = () => {
    recordDecision(core, "query", judged, text);
    if (isCounted(core, judged))
      return runCountedQuery(core, text, start(core, judged, text), unnamedPortal(judged, text, core.who.principal));
    send(core, frame, [{ run: start(core, judged, text), shown: true, standIn: null }]);
  };
  const stop = (why: Refusal) => refuse(core, text, judged, why);
  const pinned = () => pinQuery(core, toPin(core, judged), { view, run, refuse: stop, again: againOf(core, asked) });
  if (wantsInspection(core, judged)) {
    inspect(core, text, judged, pinned, (why) =>
      unlessClear(core, statement, why, () => alone(core, asked, statement, null), stop),
    );
  } else pinned();
}

/** What the second witness stands against runs where nothing is protected. */
function unlessClear(
  core: Core,
  { facts }: Statement,
  why: Refusal,
  again: () => void,
  stop: (why: Refusal) => void,
): void {
  if (why === cancelledByUser || core.allClear.holds(core) || !mayAsk(core, facts)) return stop(why);
  askAllClear(core, (cancelled) => {
    if (core.allClear.holds(core)) again();
    else stop(cancelled ?? why);
  });
}

/** Once, and between transactions: what is known is asked for anew, and the Query decided on that. */
function againOf(core: Core, asked: Asked): (() => void) | null {
  if (asked.again || core.transaction !== "I" || core.unsynced) return null;
  return () => decideQuery(core, { ...asked, again: true });
}

function isCounted(core: Core, { decision }: Judged): boolean {
  return decision.verdict === "allow" && decision.writeLimits.length > 0 && !core.surelyFailed;
}

/** The portal of a Query that is sent by the extended protocol. */
function unnamedPortal(judged: Judged, text: Buffer, asker: Principal): Portal {
  const prepared: Prepared = { text, types: [], inner: false, judged, basis: "", poison: null, unrun: null };
  return { prepared, judged, basis: "", fields: null, described: true, rows: 0, hold: false, asker, poison: null };
}

/** A statement that is meant for Weir, alone in its string. */
function runOwn(core: Core, text: Buffer, judged: Judged, own: OwnStatement): void {
  const go = (sql: Buffer, part: OwnPart) => {
    recordDecision(core, "query", judged, text);
    const parts = [{ run: start(core, judged, text), shown: true, standIn: null, own: part }];
    core.ask(encodeQuery(sql), ownPermit.own, { asked: "query", parts });
  };
  const shown = ownShown(core, judged.statement);
  if (shown !== null) return go(Buffer.from(SHOWN_INSTEAD), shown);
  if (own.do !== "identify")
    return go(text, { do: "identify", identity: null, local: own.do === "forget" && own.local });
  const given = literalToken(text, own.token);
  if (given === null) return refuse(core, text, judged, noPlainToken);
  core.verify(given.token, (found) => {
    if (!found.ok) return refuse(core, text, judged, refusedIdentity(found));
    go(withoutToken(core, text, given), { do: "identify", identity: found.identity, local: own.local });
  });
}

function refusalOf(core: Core, judged: Judged, text: Buffer): Refusal | null {
  const token = tokenInside(judged.statement, text);
  if (token !== null) return token;
  if (judged.decision.verdict === "refuse") return judged.decision.refusal;
  return writesBack(core, judged, text) ?? commitRefusal(core, judged.statement);
}

/** An allowed statement starts: what it may change is no longer known. */
function start(core: Core, judged: Judged, text: Buffer): Run {
  const { number, statement, decision } = judged;
  if (decision.verdict !== "allow") throw new Error("only an allowed statement runs");
  disturb(core, judged);
  const { facts, startByte, endByte } = statement;
  // Only what makes a name is kept with its text (learn-names.ts).
  const own = facts.understood && facts.name !== undefined ? text.subarray(startByte, endByte) : text;
  return core.startRun({ number, statement, decision, text: own });
}

function refuse(core: Core, text: Buffer, judged: Judged, refusal: Refusal): void {
  recordDecision(core, "query", { ...judged, decision: refusedDecision(judged, refusal) }, text);
  const { sql, parts } = replacement(core, judged, refusal);
  core.ask(encodeQuery(Buffer.from(sql)), ownPermit.raise, { asked: "query", parts });
}

/** The text that stands in for one refused statement, and the parts the server will answer it with. */
function replacement(core: Core, judged: Judged, refusal: Refusal): { sql: string; parts: readonly Part[] } {
  const marker = core.names.next();
  const raised: Part = { run: null, shown: true, standIn: refusedBy(refusal, marker, "text", judged.number) };
  if (!endsTransaction(judged.statement) || core.transaction !== "T")
    return { sql: raisingSql(marker), parts: [raised] };
  return { sql: rollbackThenRaiseSql(marker), parts: [{ run: null, shown: false, standIn: null }, raised] };
}

function endsTransaction(statement: Statement): boolean {
  const control = statement.facts.understood ? statement.facts.transaction : undefined;
  return control?.do === "commit" || control?.do === "prepare";
}

function several(core: Core, asked: Asked, analysis: Analysis, cancelled: Refusal | null): void {
  const { text } = asked;
  const judged = judgeInOrder(core, analysis.statements);
  const refuseAll = (whole: Refusal) => {
    for (const one of judged) recordDecision(core, "query", { ...one, decision: refusedDecision(one, whole) }, text);
    refuseWhole(core, judged, whole);
  };
  const whole =
    cancelled ??
    whoChangesInside(core, judged) ??
    judged.map(needsToBeAlone).find((refusal) => refusal !== null) ??
    null;
  if (whole !== null) return refuseAll(whole);
  const oids = toPinOfString(core, judged);
  if (oids === null) return refuseAll(cannotPin);
  const run = () => sendSeveral(core, asked, judged);
  pinQuery(core, oids, { view: core.knowledge.view(), run, refuse: refuseAll, again: againOf(core, asked) });
}

function sendSeveral(core: Core, { frame, text }: Asked, judged: readonly JudgedInOrder[]): void {
  const string = new RewrittenString(text, core.utf8);
  const parts: Part[] = [];
  for (const one of judged) {
    const guard = one.guarded ? stringGuard(core) : null;
    const refusal = refusalOf(core, one, text);
    recordDecision(core, "query", refusal === null ? one : { ...one, decision: refusedDecision(one, refusal) }, text);
    const shown = refusal === null ? ownShown(core, one.statement) : null;
    if (refusal === null) {
      if (guard !== null) {
        string.insert(one.statement.startByte, guard.sql);
        parts.push(guard.part);
      }
      const run = start(core, one, text);
      parts.push({ run, shown: true, standIn: null, movedBy: string.movedBy, ...(shown && { own: shown }) });
      if (shown !== null) string.replace(one.statement, SHOWN_INSTEAD);
      continue;
    }
    const { sql, parts: raised } = replacement(core, one, refusal);
    string.replace(one.statement, sql);
    parts.push(...raised);
  }
  send(core, string.isRewritten ? encodeQuery(string.bytes()) : frame, parts);
}

function refuseWhole(core: Core, judged: readonly Judged[], refusal: Refusal): void {
  const marker = core.names.next();
  for (const one of judged.slice(1)) recordOutcome(core, one.number, "refused", refusal.sqlstate);
  const standIn = refusedBy(refusal, marker, "text", judged[0]!.number);
  core.ask(encodeQuery(Buffer.from(raisingSql(marker))), ownPermit.raise, {
    asked: "query",
    parts: [{ run: null, shown: true, standIn }],
  });
}

/** A limit on rows needs the statement's own protocol; in a string with others it is refused whole. */
function needsToBeAlone(judged: Judged): Refusal | null {
  const { decision } = judged;
  if (decision.verdict !== "allow") return null;
  const limit = decision.rowLimit ?? decision.writeLimits[0] ?? null;
  if (limit === null) return null;
  const { refusal } = limit;
  return {
    ...refusal,
    hint: "Rows of this statement are counted. Send it alone, not in one string with other statements.",
  };
}
