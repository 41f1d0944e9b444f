// Execute: the statement runs. Decided anew when anything changed; its record precedes it; a limit on rows is the server's own
// max_rows, so that no cancel and no race is needed.
import type { Refusal } from "../policy/decision.ts";
import { decidedPermit, ownPermit } from "../policy/permit.ts";
import type { Statement } from "../sql/facts.ts";
import { encodeBind } from "../wire/postgres/bind.ts";
import { encodeClose } from "../wire/postgres/close.ts";
import { encodeDescribe } from "../wire/postgres/describe.ts";
import { decodeExecute, encodeExecute } from "../wire/postgres/execute.ts";
import { encodeParse } from "../wire/postgres/parse.ts";
import { confirm } from "./all-clear.ts";
import { notUnderstood } from "./analysis-cache.ts";
import { commitRefusal } from "./commit.ts";
import type { Core } from "./core.ts";
import { runCountedExecute } from "./counted.ts";
import { disturb } from "./disturb.ts";
import { encodingRefusal } from "./encoding.ts";
import { Errand } from "./errand.ts";
import { recordDecision } from "./events.ts";
import { raiseInBatch } from "./extended.ts";
import { holdForCopy } from "./hold-for-copy.ts";
import { governed, judge, judgePrepared, refusedDecision, stands } from "./judge.ts";
import { learnNames } from "./learn-names.ts";
import { changesWho } from "./learn-who.ts";
import type { Judged, Owed, OwnPart, Portal, Prepared } from "./model.ts";
import { rowsFetched } from "./on-row.ts";
import { refusedPortal } from "./opened-by.ts";
import { ownValue } from "./own.ts";
import { refusedIdentity } from "./own-refusals.ts";
import { abortedBy, absentName } from "./raise.ts";
import { refresh } from "./refresh.ts";

export function onExecute(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  const { portal: name, rowsMax } = decodeExecute(frame, 5);
  const portal = core.portals.get(name);
  if (portal === undefined) {
    core.unsynced = true;
    return executeAbsent(core, frame, name);
  }
  const { judged } = portal;
  refresh(core, judged === null ? [] : [judged.statement], (refreshed) => {
    confirm(core, statementsOf(core, portal), refreshed, (cancelled) => {
      core.unsynced = true;
      executeKnown(core, frame, { name, rowsMax, portal }, cancelled);
    });
  });
}

/** What is to be decided anew; none where the portal's own decision stays. */
function statementsOf(core: Core, portal: Portal): readonly Statement[] {
  if (stands(core, portal) || keepsPlan(core, portal)) return [];
  const judged = judgePrepared(core, portal.prepared);
  return judged === null ? [] : [judged.statement];
}

interface Call {
  readonly name: string;
  readonly rowsMax: number;
  readonly portal: Portal;
}

function executeAbsent(core: Core, frame: Buffer, name: string): void {
  if (!governed(core)) return executeUnseen(core, frame);
  const marker = core.names.next();
  core.ask(encodeExecute(marker, 0), ownPermit.raise, {
    asked: "execute",
    standIn: absentName(name, marker, "portal"),
  });
}

/** No rule concerns this principal, and the server may hold a portal that no message made (a function's cursor). */
function executeUnseen(core: Core, frame: Buffer): void {
  const judged = judge(core, notUnderstood(0, "a portal that was not opened through Weir").statements[0]!, true);
  const { number, statement, decision } = judged;
  if (decision.verdict !== "allow") throw new Error("where no rule applies everything is allowed");
  recordDecision(core, "execute", judged, Buffer.alloc(0));
  const run = core.startRun({ number, statement, decision, text: Buffer.alloc(0) });
  const asked = core.ask(frame, decidedPermit, { asked: "execute", parts: [{ run, shown: true, standIn: null }] });
  holdForCopy(core, asked, 0);
}

function executeKnown(core: Core, frame: Buffer, call: Call, cancelled: Refusal | null): void {
  const { portal } = call;
  const judged = judgeAgain(core, portal);
  if (judged === null) {
    core.ask(frame, decidedPermit, { asked: "execute", portal });
    return;
  }
  const refusal = cancelled ?? refusalOf(core, portal, judged);
  if (refusal !== null)
    return refuse(core, frame, { judged: { ...judged, number: core.nextNumber() }, refusal, portal });
  const go = (own?: OwnPart) => run(core, frame, call, recorded(core, judged, portal.prepared), own);
  const { own } = portal.prepared;
  if (own === undefined) return go();
  if (own.do === "show") return go({ do: "show", name: `weir.${own.what}`, value: ownValue(core, own.what) });
  const { local } = own;
  const token = typeof own.token === "string" ? own.token : (portal.token ?? "");
  if (token === "") return go({ do: "identify", identity: null, local });
  core.verify(token, (found) => {
    if (core.skipping) return;
    if (found.ok) return go({ do: "identify", identity: found.identity, local });
    refuse(core, frame, { judged: { ...judged, number: core.nextNumber() }, refusal: refusedIdentity(found), portal });
  });
}

/** The decision of this Execute, recorded: the first one after a Parse is the Parse's own. */
function recorded(core: Core, judged: Judged, prepared: Prepared): Judged {
  if (prepared.unrun === judged.number) {
    prepared.unrun = null;
    return judged;
  }
  const own: Judged = { ...judged, number: core.nextNumber() };
  recordDecision(core, "execute", own, prepared.text);
  return own;
}

/**
 * The decision of now. Under a mask a portal's own facts stay for as long as it does, and are what the statement's of now must agree
 * with.
 */
function judgeAgain(core: Core, portal: Portal): Judged | null {
  if (stands(core, portal) || keepsPlan(core, portal)) return portal.judged;
  const now = judgePrepared(core, portal.prepared);
  if (!core.standing.governed(core.policies).masks || agree(portal.judged, now)) {
    portal.judged = now;
    portal.basis = portal.prepared.basis;
  }
  return now;
}

const planned: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);

/** What was planned at Bind reads what it read then, whatever has changed since; anything else resolves its names when it runs. */
function keepsPlan(core: Core, { basis, judged }: Portal): boolean {
  const facts = judged?.statement.facts;
  return facts?.understood === true && planned.has(facts.kind) && core.standing.isUnder(core.policies, basis);
}

function agree(bound: Judged | null, now: Judged | null): boolean {
  const [before, after] = [bound?.statement.facts, now?.statement.facts];
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}

function refusalOf(core: Core, portal: Portal, judged: Judged): Refusal | null {
  const { decision } = judged;
  if (decision.verdict === "refuse") return decision.refusal;
  if (portal.judged !== judged) return changedSinceBind;
  const another = refusedPortal(core, portal);
  if (another !== null) return another;
  // The encoding may have changed since it was judged.
  const encoding = encodingRefusal(core, judged.statement, decision);
  return portal.poison ?? portal.prepared.poison ?? encoding ?? commitRefusal(core, judged.statement);
}

const changedSinceBind: Refusal = {
  rule: { policy: "weir", rule: "witness" },
  sqlstate: "42501",
  message: "weir: the portal was stopped, because what its statement reads changed after it was bound",
  detail: "The schema or the search path is not what it was at Bind.",
  hint: "Bind the statement again.",
};

interface RefusedExecute {
  readonly judged: Judged;
  readonly refusal: Refusal;
  readonly portal: Portal;
}

function refuse(core: Core, frame: Buffer, { judged, refusal, portal }: RefusedExecute): void {
  recordDecision(core, "execute", { ...judged, decision: refusedDecision(judged, refusal) }, portal.prepared.text);
  if (core.surelyFailed) {
    core.ask(frame, ownPermit.aborted, { asked: "execute", portal, standIn: abortedBy(refusal, judged.number) });
    return;
  }
  const control = judged.statement.facts.understood ? judged.statement.facts.transaction : undefined;
  if (control?.do === "commit" || control?.do === "prepare") rollBack(core);
  raiseInBatch(core, refusal, judged.number);
}

/** A refused COMMIT ends the transaction as a failed one does: ROLLBACK under our names, then the error. */
function rollBack(core: Core): void {
  const name = core.names.next();
  const errand = new Errand(4, () => {});
  core.run(
    [
      { bytes: encodeParse(name, Buffer.from("ROLLBACK"), []), asked: "parse" },
      {
        bytes: encodeBind({ portal: name, statement: name, parameterFormats: [], parameters: [], resultFormats: [] }),
        asked: "bind",
      },
      { bytes: encodeExecute(name, 0), asked: "execute" },
      { bytes: encodeClose("S", name), asked: "close" },
    ],
    ownPermit.resume,
    errand,
  );
}

function run(core: Core, frame: Buffer, call: Call, judged: Judged, own?: OwnPart): void {
  const { portal, name, rowsMax } = call;
  const { decision, statement } = judged;
  if (decision.verdict !== "allow") throw new Error("only an allowed statement runs");
  if (!portal.described && (decision.witness || decision.masks.columns !== null)) describePortal(core, name, portal);
  disturb(core, judged);
  const started = core.startRun({ number: judged.number, statement, decision, text: portal.prepared.text });
  const parts = [{ run: started, shown: true, standIn: null, ...(own && { own }) }];
  const undo = learnNames(core, started);
  if (decision.writeLimits.length > 0 && !core.surelyFailed)
    return runCountedExecute(core, frame, started, portal, undo);
  const gone = portal.rows + rowsFetched(core, started);
  const left = decision.rowLimit === null ? null : Math.max(0, decision.rowLimit.rows - gone);
  if (left !== null && !isCopyOut(statement) && (rowsMax === 0 || rowsMax > left))
    return runLimited(core, name, { portal, parts, rowsLeft: left, undo });
  // At most what was asked for is sent; counted now, so that the next Execute of a pipeline knows.
  portal.rows += rowsMax;
  const asked = core.ask(frame, decidedPermit, { asked: "execute", portal, parts, undo });
  if (left !== null && (isCopyOut(statement) || isFetch(statement))) return holdToEnd(core, asked);
  if (changesWho(core, statement, own)) return holdToEnd(core, asked);
  holdForCopy(core, asked, 0);
}

function isFetch({ facts }: Statement): boolean {
  return facts.understood && facts.name?.do === "fetch";
}

function isCopyOut({ facts }: Statement): boolean {
  return facts.understood && facts.copy?.direction === "out";
}

/** COPY OUT knows no max_rows: above the limit it is cancelled, and nothing behind it may have gone up by then. */
function holdToEnd(core: Core, asked: Owed): void {
  core.flush();
  core.hold({ why: "row limit", until: () => !core.owed.some((entry) => entry === asked), resume: () => {} });
}

function describePortal(core: Core, name: string, portal: Portal): void {
  portal.described = true;
  core.run(
    [{ bytes: encodeDescribe("P", name), asked: "describePortal", portal }],
    ownPermit.describe,
    new Errand(1, () => {}),
  );
}

/** One row more than may leave is asked for; nothing that follows goes up before it is known whether there is one. */
function runLimited(
  core: Core,
  name: string,
  owed: Pick<Owed, "portal" | "parts" | "undo"> & { readonly rowsLeft: number },
): void {
  const asked = core.ask(encodeExecute(name, owed.rowsLeft + 1), decidedPermit, { asked: "execute", ...owed });
  core.flush();
  core.hold({ why: "row limit", until: () => !core.owed.some((entry) => entry === asked), resume: () => {} });
}
