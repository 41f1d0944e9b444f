// What a statement that is about to run may change of what the gate knows.
import type { Core } from "./core.ts";
import type { Judged } from "./model.ts";

export function disturb(core: Core, judged: Judged): void {
  const { facts } = judged.statement;
  core.uncommitted.add(judged, core.policies.version);
  if (!facts.understood || facts.transaction !== undefined) core.leftFailure = true;
  const inTransaction = core.transaction !== "I" || core.unsynced;
  if (!facts.understood) {
    core.knowledge.disturbed({ changesCatalog: !facts.syntax, changesResolution: true }, inTransaction);
    core.triggersRan = true;
    return;
  }
  core.knowledge.disturbed(facts, inTransaction);
  if (facts.transaction?.do === "rollback to") core.knowledge.rolledBack();
  const snapshot = core.knowledge.view().snapshot;
  if (facts.writes.some((write) => snapshot?.relation(write.relation.oid)?.hasTriggers !== false))
    core.triggersRan = true;
}
