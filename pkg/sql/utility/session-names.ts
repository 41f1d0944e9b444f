// Prepared statements and cursors of the session (rule R13): the facts of a name are those of what it stands for.
import type { Engine } from "../engine.ts";
import type { Facts, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node } from "../node.ts";
import { expressionFacts } from "./expressions.ts";
import { insist, understood } from "./understood.ts";

/** Judged by what is inside, though it runs at EXECUTE. */
export function prepareFacts(node: Node, engine: Engine): Understood {
  const statement = insist(engine.statement(node.query));
  return { ...statement, kind: "PREPARE", outputs: null, name: { do: "prepare", name: node.name, statement } };
}

export function executeFacts(node: Node, engine: Engine): Understood {
  const prepared = known(engine.context.prepared(node.name), "prepared statement not known");
  if (prepared.transaction !== undefined || prepared.copy !== undefined) {
    throw new NotKnown("EXECUTE of a statement that is no query");
  }
  const args = list(node.params);
  const functions = args.length === 0 ? [] : expressionFacts(engine, args).functions;
  return {
    ...prepared,
    kind: "EXECUTE",
    functions: [...prepared.functions, ...functions],
    name: { do: "execute", name: node.name },
  };
}

export function deallocateFacts(node: Node): Understood {
  const name = { do: "deallocate" as const, name: node.name ?? null };
  return understood("DEALLOCATE", { name });
}

/** CURSOR_OPT_HOLD (parsenodes.h). */
const HOLD = 0x20;

export function declareFacts(node: Node, engine: Engine): Understood {
  const statement = insist(engine.statement(node.query));
  const hold = ((node.options ?? 0) & HOLD) !== 0;
  return {
    ...statement,
    kind: "DECLARE CURSOR",
    outputs: null,
    name: { do: "declare", name: node.portalname, statement, hold },
  };
}

export function fetchFacts(node: Node, engine: Engine): Understood {
  const cursor = known(engine.context.cursor(node.portalname), "cursor not known");
  const moves = node.ismove === true;
  return {
    ...cursor,
    kind: moves ? "MOVE" : "FETCH",
    outputs: moves ? null : cursor.outputs,
    name: { do: moves ? "move" : "fetch", name: node.portalname },
    takesSnapshot: false,
  };
}

export function closeFacts(node: Node): Understood {
  const name = { do: "close" as const, name: node.portalname ?? null };
  return understood("CLOSE CURSOR", { name });
}

function known(facts: Facts | undefined, why: string): Understood {
  if (facts === undefined) throw new NotKnown(why);
  return insist(facts);
}
