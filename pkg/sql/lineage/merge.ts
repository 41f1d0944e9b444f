// MERGE (PostgreSQL 15 to 18): a join, and for each sort of row an action that sees both sides or one.
import { list, type Node } from "../node.ts";
import { type Assigned, assign } from "./assignment.ts";
import { analyzeCondition } from "./condition.ts";
import { evaluate } from "./expression.ts";
import { analyzeFrom } from "./from.ts";
import { byDefault, given } from "./given.ts";
import { assignInserted } from "./insert.ts";
import { analyzeReturning } from "./returning.ts";
import { newScope, type Scope } from "./scope.ts";
import type { QueryResult } from "./select.ts";
import { noteWrite, type Target, targetOf } from "./target.ts";
import { NotKnown, type Walk } from "./walk.ts";
import { analyzeWith } from "./with.ts";

export function analyzeMerge(walk: Walk, parent: Scope | null, node: Node): QueryResult {
  const scope = newScope(parent);
  analyzeWith(walk, scope, node.withClause);
  const target = targetOf(walk, node.relation);
  analyzeFrom(walk, scope, [node.sourceRelation]);
  const source = [...scope.items];
  scope.items.push(target.item);
  analyzeCondition(walk, scope, node.joinCondition, "ON", false);
  const assigned = list(node.mergeWhenClauses).map(({ MergeWhenClause: clause }) =>
    analyzeAction(walk, { ...scope, items: seenBy(matchKind(clause), source, target) }, target, clause),
  );
  return analyzeReturning(walk, scope, target, node, assigned);
}

/** PostgreSQL 15 and 16 have `matched` instead. */
function matchKind(clause: Node): string {
  return clause.matchKind ?? (clause.matched === true ? "MERGE_WHEN_MATCHED" : "MERGE_WHEN_NOT_MATCHED_BY_TARGET");
}

function seenBy(kind: string, source: Scope["items"], target: Target): Scope["items"] {
  switch (kind) {
    case "MERGE_WHEN_MATCHED":
      return [...source, target.item];
    case "MERGE_WHEN_NOT_MATCHED_BY_TARGET":
      return source;
    case "MERGE_WHEN_NOT_MATCHED_BY_SOURCE":
      return [target.item];
    default:
      throw new NotKnown("MERGE clause of an unknown kind");
  }
}

function analyzeAction(walk: Walk, scope: Scope, target: Target, clause: Node): Assigned {
  analyzeCondition(walk, scope, clause.condition, "WHEN", false);
  switch (clause.commandType) {
    case "CMD_INSERT": {
      noteWrite(walk, target, "Insert", "Other");
      const values = list(clause.values).map((value) =>
        value.SetToDefault !== undefined ? byDefault : given(evaluate(walk, scope, value)),
      );
      return assignInserted(walk, scope, target, list(clause.targetList), values);
    }
    case "CMD_UPDATE":
      noteWrite(walk, target, "Update", "Other", list(clause.targetList));
      return assign(walk, scope, target, list(clause.targetList));
    case "CMD_DELETE":
      noteWrite(walk, target, "Delete", "Other");
      return new Map();
    case "CMD_NOTHING":
      return new Map();
    default:
      throw new NotKnown("MERGE action of an unknown kind");
  }
}
