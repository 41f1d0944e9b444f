// What a statement that ran has done to who asks: it set an identity or took it back, or ended what one was set in.
import type { Statement } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { OwnPart, Part } from "./model.ts";

/** Nothing that follows may be decided before it is known how such a statement ended. */
export function changesWho(core: Core, { facts }: Statement, own: OwnPart | undefined): boolean {
  if (own?.do === "identify") return true;
  if (!core.who.isSet || !facts.understood) return false;
  return facts.transaction !== undefined || facts.settings.some(({ name }) => name === "*");
}

/** `tag`: the server's command tag, which alone says whether a COMMIT committed. */
export function learnWho(core: Core, { run, own }: Part, tag: string): void {
  const { who } = core;
  const nowMs = core.options.clock.nowMs();
  if (own?.do === "identify") return who.set(own.identity, own.local, nowMs);
  const facts = run?.statement.facts;
  if (facts === undefined || !facts.understood) return;
  if (facts.settings.some(({ name }) => name === "*")) who.set(null, false, nowMs);
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
