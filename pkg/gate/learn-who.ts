// What a statement that ran has done to who asks: it set an identity or took it back, or ended what one was set in.
import type { Statement } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { OwnPart, Part } from "./model.ts";
import { resetsAll } from "./resets-all.ts";

/** Nothing that follows may be decided before it is known how such a statement ended. */
export function changesWho(core: Core, { facts }: Statement, own: OwnPart | undefined): boolean {
  if (own?.do === "identify") return true;
  const { who, session } = core;
  if (!facts.understood || (!who.isSet && session === null)) return false;
  if (resetsAll(facts)) return true;
  return facts.transaction !== undefined && (who.isSet || session?.isUnsettled === true);
}

/** What it has done to what is pinned in the server's session. */
export function learnPins({ session }: Core, { run }: Part): void {
  const facts = run?.statement.facts;
  if (session === null || facts === undefined || !facts.understood) return;
  if (resetsAll(facts)) session.doubt();
  if (facts.transaction?.do.startsWith("rollback") || facts.transaction?.do === "commit")
    session.reverted(facts.transaction.do !== "rollback to");
}

/** `tag`: the server's command tag, which alone says whether a COMMIT committed. */
export function learnWho(core: Core, { run, own }: Part, tag: string): void {
  const { who } = core;
  const nowMs = core.options.clock.nowMs();
  if (own?.do === "identify") return who.set(own.identity, own.local, nowMs);
  const facts = run?.statement.facts;
  if (facts === undefined || !facts.understood) return;
  if (resetsAll(facts)) who.set(null, false, nowMs);
  const control = facts.transaction;
  switch (control?.do) {
    case "commit":
    case "rollback":
    case "prepare":
      return who.ended(tag === "COMMIT" || tag === "PREPARE TRANSACTION", nowMs);
    case "savepoint":
      return who.savepoint(control.name);
    case "release":
      return who.release(control.name);
    case "rollback to":
      return who.rollbackTo(control.name, nowMs);
    default:
  }
}
