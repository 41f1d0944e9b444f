// Whether what the server says in prose about the frame at the head may tell protected values (rule R12): of a statement that touches
// a class, of its planning at Bind, and of the end of a transaction that one ran in (held cursors, deferred constraints and triggers).
import type { Core } from "./core.ts";
import type { Owed, Run } from "./model.ts";

/** Errors and notices that answer `head` are withheld. What comes from parse analysis reads no rows and passes. */
export function withholds(core: Core, head: Owed): boolean {
  // In a failed transaction nothing runs: what the server says is its own.
  if (core.surelyFailed) return false;
  const run = head.parts[head.at]?.run ?? null;
  if (run?.decision.scrub === true) return true;
  if (head.asked === "bind") return isScrubbed(head);
  return core.touched && mayEndTransaction(core, head, run);
}

/** Binding plans the statement, and so may call functions of constants. */
function isScrubbed({ prepared }: Owed): boolean {
  const decision = prepared?.judged?.decision;
  return decision?.verdict === "allow" && decision.scrub;
}

function mayEndTransaction(core: Core, head: Owed, run: Run | null): boolean {
  if (head.asked === "sync" || (run !== null && doesDeferredWork(run))) return true;
  if (head.asked !== "query" || head.at < head.parts.length - 1) return false;
  return core.transaction === "I" || head.parts.some((part) => part.run !== null && doesDeferredWork(part.run));
}

/** COMMIT and its kin, SET CONSTRAINTS, and maintenance that commits by itself. */
function doesDeferredWork({ statement: { facts } }: Run): boolean {
  if (!facts.understood) return true;
  return facts.effects.some((effect) => effect === "Transaction" || effect === "Maintenance");
}
