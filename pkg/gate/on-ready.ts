// ReadyForQuery: the server is at rest, and says in which transaction state.

import { ownPermit } from "../policy/permit.ts";
import { encodeQuery } from "../wire/postgres/query.ts";
import { decodeReadyForQuery, encodeReadyForQuery, type TransactionStatus } from "../wire/postgres/ready-for-query.ts";
import type { Core } from "./core.ts";
import { Errand } from "./errand.ts";
import { finishRun } from "./events.ts";
import type { Owed, Portal } from "./model.ts";
import { raisingSql } from "./raise.ts";
import { signedOver } from "./sign.ts";

export function onReady(core: Core, head: Owed): void {
  const status = decodeReadyForQuery(core.buffer, core.start + 5, core.end);
  core.owed.shift();
  closeParts(core, head);
  core.flow = null;
  core.copyIn = null;
  settle(core, status);
  head.errand?.settle(false);
  if (head.errand !== null) return;
  signedOver(core);
  if (core.muzzle !== null) return unmuzzle(core, status);
  core.warn();
  core.passCurrent();
  if (core.who.isOver) core.endSession("28000", core.who.refusal!.message);
}

/** Statements of a string behind one that failed never ran. */
function closeParts(core: Core, head: Owed): void {
  for (const part of head.parts)
    if (part.run !== null) finishRun(core, part.run, core.muzzle === null ? "skipped" : "refused", null, null);
}

const isHeld = ({ hold }: Portal): boolean => hold;

function settle(core: Core, status: TransactionStatus): void {
  core.transaction = status;
  core.leftFailure = false;
  if (status !== "I") return;
  core.session?.reverted(true);
  core.temporary.settled();
  if (core.who.isSet) core.who.ended(true, core.options.clock.nowMs());
  core.portals.forget(isHeld);
  core.uncommitted.clear();
  core.touched = false;
  core.snapshotTaken = false;
  core.unseen = false;
  if (core.ownQueriesMayFail) core.knowledge.doubt();
  core.knowledge.transactionEnded();
}

/** After an error that we told in the middle of a result: the transaction must be as after an error of the server's. */
function unmuzzle(core: Core, status: TransactionStatus): void {
  const muzzle = core.muzzle!;
  muzzle.ready = status;
  if (!muzzle.cancelling) speak(core, status);
}

/** The cancel connection has ended, so no late cancel can hit the next statement. */
export function onCancelDone(core: Core): void {
  const { muzzle } = core;
  if (muzzle === null) return;
  muzzle.cancelling = false;
  if (muzzle.ready !== null) speak(core, muzzle.ready);
}

function speak(core: Core, status: TransactionStatus): void {
  if (status !== "T") {
    core.muzzle = null;
    core.reply(encodeReadyForQuery(status));
    return;
  }
  // The server had finished before the cancel reached it: an error of ours aborts the transaction, as the told one would have.
  const errand = new Errand(1, () => {
    core.muzzle = null;
    core.reply(encodeReadyForQuery(core.transaction));
  });
  core.run(
    [{ bytes: encodeQuery(Buffer.from(raisingSql(core.names.next()))), asked: "query" }],
    ownPermit.raise,
    errand,
  );
}
