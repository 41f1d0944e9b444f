// INSERT, UPDATE, DELETE and MERGE, as statements and inside WITH. The result is what RETURNING returns.
import { kindOf, type Node } from "../node.ts";
import { analyzeDelete } from "./delete.ts";
import { analyzeInsert } from "./insert.ts";
import { analyzeMerge } from "./merge.ts";
import type { Scope } from "./scope.ts";
import type { QueryResult } from "./select.ts";
import { analyzeUpdate } from "./update.ts";
import { enter, leave, NotKnown, type Walk } from "./walk.ts";

/** `top`: the statement itself, whose WHERE may be a declared look-up. */
export function analyzeDataChange(walk: Walk, parent: Scope | null, wrapped: Node, top = false): QueryResult {
  enter(walk);
  const result = dispatch(walk, parent, wrapped, top);
  leave(walk);
  return result;
}

function dispatch(walk: Walk, parent: Scope | null, wrapped: Node, top: boolean): QueryResult {
  const kind = kindOf(wrapped);
  const node = wrapped[kind];
  switch (kind) {
    case "InsertStmt":
      return analyzeInsert(walk, parent, node);
    case "UpdateStmt":
      return analyzeUpdate(walk, parent, node, top);
    case "DeleteStmt":
      return analyzeDelete(walk, parent, node, top);
    case "MergeStmt":
      return analyzeMerge(walk, parent, node);
    default:
      throw new NotKnown(`statement of kind ${kind} in WITH`);
  }
}
