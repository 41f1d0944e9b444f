// Prepared statements and cursors of the session (rule R13): the facts of a name are those of what it stands for.
import type { Engine } from "../engine.ts";
import type { Absent, Facts, PredicateUse, Understood } from "../facts.ts";
import { visibleType } from "../functions/visible.ts";
import { deriveAll, sourcesOf } from "../lineage/label.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node, texts } from "../node.ts";
import { expressionFacts } from "./expressions.ts";
import { insist, together, understood } from "./understood.ts";

/** Judged by what is inside, though it runs at EXECUTE. */
export function prepareFacts(node: Node, engine: Engine): Understood {
  const types = list(node.argtypes).map(({ TypeName }) => TypeName);
  const parameterTypes = types.map((typeName) => typeOf(typeName, engine));
  const inside = insist(engine.statement(node.query, false, parameterTypes));
  // An argument is turned into the type that is declared for it, which may run a domain's check.
  const statement =
    types.length === 0 ? inside : { ...inside, functions: [...inside.functions, ...madeOf(types, engine)] };
  return { ...statement, kind: "PREPARE", outputs: null, name: { do: "prepare", name: node.name, statement } };
}

/** 0 for what is not worked out here. */
function typeOf(typeName: Node, { context }: Engine): number {
  if (list(typeName.arrayBounds).length > 0 || typeName.pct_type === true) return 0;
  return visibleType(texts(typeName.names), context)?.oid ?? 0;
}

function madeOf(types: readonly Node[], engine: Engine): Understood["functions"] {
  const casts = types.map((typeName) => ({ TypeCast: { arg: { A_Const: { isnull: true } }, typeName } }));
  return expressionFacts(engine, casts).functions;
}

export function executeFacts(node: Node, engine: Engine): Understood {
  const prepared = known(engine.context.prepared(node.name), "prepared statement not known", {
    what: "prepared statement",
    name: node.name,
  });
  if (prepared.transaction !== undefined || prepared.copy !== undefined) {
    throw new NotKnown("EXECUTE of a statement that is no query");
  }
  const name = { do: "execute" as const, name: node.name };
  const args = list(node.params);
  if (args.length === 0) return { ...prepared, kind: "EXECUTE", name };
  return { ...withArguments(prepared, expressionFacts(engine, args)), kind: "EXECUTE", name };
}

/** What an argument holds may be in every column, condition and stored value of the statement it is given to. */
function withArguments(prepared: Understood, args: Understood): Understood {
  const given = deriveAll((args.outputs ?? []).map(({ lineage }) => lineage));
  const both = together("EXECUTE", [prepared, args], {});
  const all = { ...prepared, ...both, takesSnapshot: prepared.takesSnapshot || args.takesSnapshot };
  if (given.kind === "clean") return { ...all, outputs: prepared.outputs };
  const sources = sourcesOf(given);
  if (sources === null || given.kind === "unknown")
    throw new NotKnown("arguments of EXECUTE whose values are not known");
  const outputs =
    prepared.outputs?.map((output) => ({ ...output, lineage: deriveAll([output.lineage, given]) })) ?? null;
  const steers = sources.map(({ path, ...column }): PredicateUse => {
    const place = { column, use: "other", where: "argument of EXECUTE" } as const;
    return path === undefined ? place : { ...place, path };
  });
  const flows = all.flows.map((flow) => ({ ...flow, from: deriveAll([flow.from, given]) }));
  return { ...all, outputs, predicates: [...all.predicates, ...steers], flows };
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

function known(facts: Facts | undefined, why: string, absent?: Absent): Understood {
  if (facts === undefined) throw new NotKnown(why, absent);
  // It is there itself, whatever it names.
  if (!facts.understood) throw new NotKnown(facts.why);
  return facts;
}
