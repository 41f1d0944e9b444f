// What a statement that is about to run may change of what the gate knows.
import { reverts } from "../sql/context-after.ts";
import type { Core } from "./core.ts";
import type { Judged } from "./model.ts";

export function disturb(core: Core, judged: Judged): void {
  const { facts } = judged.statement;
  core.allClear.over();
  core.uncommitted.add(judged, core.policies.version);
  if (!facts.understood || facts.transaction !== undefined) core.leftFailure = true;
  const inTransaction = core.transaction !== "I" || core.unsynced;
  if (!facts.understood) {
    core.knowledge.disturbed({ changesCatalog: !facts.syntax, changesResolution: true }, inTransaction);
    core.triggersRan = true;
    return;
  }
  core.knowledge.disturbed(facts, inTransaction);
  if (reverts(facts.transaction)) core.knowledge.reverted();
  const snapshot = core.knowledge.view().snapshot;
  if (facts.writes.some((write) => snapshot?.relation(write.relation.oid)?.hasTriggers !== false))
    core.triggersRan = true;
}
