// Statements that run code, or keep code to be run later by others (sink "code", rule R8).
import type { Engine } from "../engine.ts";
import type { EffectKind, Flow, FunctionUse, OutputColumn, Understood } from "../facts.ts";
import { resolveFunction } from "../functions/resolve-function.ts";
import { constantText } from "../lineage/constant-text.ts";
import { unknown } from "../lineage/label.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node, texts } from "../node.ts";
import { expressionFacts } from "./expressions.ts";
import { relationUses } from "./relations.ts";
import { definition, understood } from "./understood.ts";

/** What it will read and where that goes shows only when it runs. */
const later: readonly Flow[] = [{ from: unknown("code that runs later"), to: "code" }];

export function createFunctionFacts(node: Node): Understood {
  const kind = node.is_procedure === true ? "CREATE PROCEDURE" : "CREATE FUNCTION";
  return definition(kind, { effects: created(node), flows: later });
}

/** OR REPLACE changes what is there already. */
function created(node: Node): readonly EffectKind[] {
  return node.replace === true ? ["Create", "Alter"] : ["Create"];
}

export function createTriggerFacts(node: Node, engine: Engine): Understood {
  const relations = [
    ...relationUses(engine, node.relation, ["Alter"]),
    ...(node.constrrel === undefined ? [] : relationUses(engine, node.constrrel, ["Alter"])),
  ];
  return definition("CREATE TRIGGER", { effects: created(node), relations, flows: later });
}

export function createRuleFacts(node: Node, engine: Engine): Understood {
  return definition("CREATE RULE", {
    effects: created(node),
    relations: relationUses(engine, node.relation, ["Alter"]),
    flows: later,
  });
}

/** Row security decides what others see. */
export function policyFacts(kind: string, node: Node, engine: Engine): Understood {
  const words = kind === "CreatePolicyStmt" ? "CREATE POLICY" : "ALTER POLICY";
  const effects = kind === "CreatePolicyStmt" ? (["Create", "Grant"] as const) : (["Alter", "Grant"] as const);
  return definition(words, { effects, relations: relationUses(engine, node.table, ["Alter"]), flows: later });
}

/** An extension's script may hold any statement. */
export function extensionFacts(kind: string): Understood {
  const creates = kind === "CreateExtensionStmt";
  return definition(creates ? "CREATE EXTENSION" : "ALTER EXTENSION", {
    effects: [creates ? "Create" : "Alter", "ExecuteCode"],
    flows: later,
    changesResolution: true,
  });
}

/** Aggregates, operators, types, collations and text search objects, made of functions that are there. */
export function defineFacts(node: Node): Understood {
  const words = String(node.kind ?? "OBJECT_TYPE")
    .replace(/^OBJECT_TS/, "TEXT SEARCH ")
    .replace(/^OBJECT_/, "");
  return definition(`CREATE ${words}`, { effects: created(node) });
}

/** The body is a text in a language that only the server reads. */
export function doFacts(): Understood {
  return understood("DO", {
    effects: ["ExecuteCode"],
    changesCatalog: true,
    changesResolution: true,
  });
}

export function callFacts(node: Node, engine: Engine): Understood {
  const { funcname, args, func_variadic } = node.funccall ?? {};
  const values = list(args);
  const plain = values.map((value) => value.NamedArgExpr?.arg ?? value);
  const inside = plain.length === 0 ? null : expressionFacts(engine, plain);
  const form = {
    named: values.some((value) => value.NamedArgExpr !== undefined),
    variadic: func_variadic === true,
    constants: plain.map(constantText),
  };
  const {
    info,
    returns: _returns,
    returnsSet: _set,
    kind: _kind,
    absent,
    ...use
  } = resolveFunction(texts(funcname), [], values.length, engine.context, form);
  if (absent === true) throw new NotKnown("procedure not in the catalogue");
  return understood("CALL", {
    effects: ["ExecuteCode"],
    functions: [use satisfies FunctionUse, ...(inside?.functions ?? [])],
    outputs: info === null ? null : outArguments(info.argModes, info.argNames),
    changesCatalog: true,
    changesResolution: true,
  });
}

/** A procedure with OUT or INOUT arguments returns one row of them. */
function outArguments(modes: readonly string[], names: readonly string[]): readonly OutputColumn[] | null {
  const columns = [...modes.entries()].filter(([, mode]) => mode === "o" || mode === "b");
  if (columns.length === 0) return null;
  const lineage = unknown("result of a procedure");
  return columns.map(([position]) => ({ name: names[position] || null, lineage, origin: { table: 0, column: 0 } }));
}
