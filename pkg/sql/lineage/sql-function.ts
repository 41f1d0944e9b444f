// Functions in SQL: their bodies are analysed like any statement, once per catalogue and way of resolving names, so that calling one
// is known (rule R6). Parameters count as clean there; what the call hands in is added afterwards.
import type { FunctionInfo, Resolution } from "../../catalog/snapshot.ts";
import type { Facts, Lineage, OutputColumn, Understood } from "../facts.ts";
import { callsUnder } from "../memory.ts";
import { kindOf, list, type Node } from "../node.ts";
import type { Called } from "./calls.ts";
import { factsOf, newCollector, noteFacts, noteFailure, noteFunction, steer } from "./collector.ts";
import { both, CLEAN, deriveAll } from "./label.ts";
import { outParameters } from "./out-parameters.ts";
import { fieldsOf } from "./projection.ts";
import type { ScopeColumn } from "./scope.ts";
import { pathOfSettings } from "./search-path.ts";
import { bodyFacts } from "./statement.ts";
import { UNKNOWN } from "./types.ts";
import { COMPUTED, computed, constant, type Value } from "./value.ts";
import { NotKnown, type Parameters, type Walk } from "./walk.ts";

export interface BodyResult {
  readonly label: Lineage;
  /** Of a function that returns rows. */
  readonly fields: readonly ScopeColumn[] | null;
}

const FIRST_USER_OID = 16384;
const depthMax = 8;

/** `argument`: the label of all arguments. Null when the function is not one in SQL, or not understood: it is opaque then. */
export function callBody(walk: Walk, called: Called, types: readonly number[], argument: Lineage): BodyResult | null {
  const argCount = types.length;
  const { info } = called;
  if (info === null || walk.catalog === null || info.language !== "sql" || info.oid < FIRST_USER_OID) return null;
  // Defaults of parameters are code that the catalogue does not tell.
  if (argCount < info.args.length || info.kind !== "f") return null;
  const facts = knownFacts(walk, info);
  if (!facts.understood) return null;
  noteFunction(walk.found, { ...called.use, trust: "safe", effects: [] });
  noteFacts(walk.found, facts);
  if (facts.mayFail === true || !fits(walk, info, types)) noteFailure(walk, argument);
  noteArgument(walk, facts, argument);
  return resultOf(walk, called, info, facts.outputs ?? [], argument);
}

/** No value is too large for what it is converted to on its way in or out. */
function fits(walk: Walk, info: FunctionInfo, types: readonly number[]): boolean {
  if (types.some((type, position) => type !== UNKNOWN && type !== info.args[position])) return false;
  const returned = walk.catalog?.type(info.returns);
  return returned !== undefined && returned.kind !== "d" && !/^(int[248]|float4|oid|reg.*)$/.test(returned.name);
}

/** What the caller hands in may steer and flow wherever the body steers and lets flow. */
function noteArgument(walk: Walk, facts: Understood, argument: Lineage): void {
  if (argument.kind === "clean") return;
  if (facts.relations.length > 0 || facts.predicates.length > 0) steer(walk, argument, "function");
  for (const { to } of facts.flows) walk.found.flows.push({ from: argument, to });
}

function resultOf(
  walk: Walk,
  called: Called,
  info: FunctionInfo,
  outputs: readonly OutputColumn[],
  argument: Lineage,
): BodyResult {
  const label = deriveAll([argument, ...outputs.map((output) => output.lineage)]);
  const declared = outParameters(info);
  const fields = declared ?? fieldsOf(walk, computed(CLEAN, called.returns));
  if (fields === null || declared?.length === 1) return { label, fields: null };
  const byPosition = fields.length === outputs.length;
  return {
    label,
    fields: fields.map((field, position) => ({
      ...field,
      lineage: byPosition ? both(argument, outputs[position]!.lineage) : label,
      origin: COMPUTED,
    })),
  };
}

function knownFacts(walk: Walk, info: FunctionInfo): Facts {
  const key = `${info.oid} ${walk.context.resolution!.key}`;
  const memory = walk.memory!.functions;
  const known = memory.get(key);
  if (known !== undefined) return known;
  const facts = analyzeBody(walk, info);
  if (memory.size >= rememberedMax) memory.clear();
  memory.set(key, facts);
  return facts;
}

const rememberedMax = 10_000;

function analyzeBody(walk: Walk, info: FunctionInfo): Facts {
  try {
    if (walk.expanding.includes(info.oid) || walk.expanding.length > depthMax)
      throw new NotKnown("function that calls itself");
    return understoodBody(walk, info);
  } catch (error) {
    if (error instanceof NotKnown) return { understood: false, why: error.message, syntax: false };
    throw error;
  }
}

function understoodBody(walk: Walk, info: FunctionInfo): Facts {
  const statements = statementsOf(walk, info);
  const inner = bodyWalk(walk, info);
  let outputs: Understood["outputs"] = null;
  for (const statement of statements) {
    const facts = bodyFacts(inner, statement);
    if (!facts.understood) return facts;
    outputs = facts.outputs;
    if (facts.changesCatalog || facts.changesResolution)
      throw new NotKnown("function that may change how names resolve");
  }
  // A body in the standard's form is stored by OID, like a view; what another's rights reach, the caller may not even name.
  if (info.sqlBody !== null || info.securityDefiner) inner.found.named.clear();
  if (info.sqlBody !== null) inner.found.hidden.clear();
  const facts = factsOf(inner.found, "SELECT", outputs);
  if (!facts.understood || !inner.found.mayFail) return facts;
  return { ...facts, mayFail: true as const };
}

function statementsOf(walk: Walk, info: FunctionInfo): readonly Node[] {
  // The server prints a body in the standard's form without the head that the grammar wants in front of it.
  const parsed = walk.grammar.parse(
    info.sqlBody === null ? (info.body ?? "") : `CREATE FUNCTION f() RETURNS int LANGUAGE sql ${info.sqlBody}`,
  );
  if (!parsed.ok) throw new NotKnown(parsed.why);
  if (info.sqlBody === null) return parsed.statements.map((raw) => raw.stmt);
  const body = parsed.statements[0]?.stmt?.CreateFunctionStmt?.sql_body;
  if (kindOf(body) === "ReturnStmt") {
    return [{ SelectStmt: { targetList: [{ ResTarget: { val: body.ReturnStmt.returnval } }] } }];
  }
  return list(body?.List?.items).flatMap((item) => (kindOf(item) === "List" ? list(item.List.items) : [item]));
}

function bodyWalk(walk: Walk, info: FunctionInfo): Walk {
  const resolution = resolutionOf(walk, info);
  return {
    ...walk,
    context: { ...walk.context, resolution, parameterTypes: info.args },
    calls: callsUnder(walk.memory!, resolution.key),
    found: newCollector(true),
    parameters: parametersOf(info),
    inside: "function",
    sublinkNames: new Map(),
    running: [],
    expanding: [...walk.expanding, info.oid],
    work: 0,
  };
}

/** A body as text resolves by its caller's path, unless the function sets one; one in the standard's form by where it was printed. */
function resolutionOf(walk: Walk, info: FunctionInfo): Resolution {
  const own = walk.context.resolution!;
  if (info.sqlBody !== null) {
    const searchPath = info.printedUnder ?? ["pg_catalog"];
    return { ...own, searchPath, key: JSON.stringify([searchPath]) };
  }
  const searchPath = pathOfSettings(info.settings, own);
  if (searchPath === null) throw new NotKnown("function with settings of its own");
  return { ...own, searchPath, key: JSON.stringify([own.key, searchPath]) };
}

function parametersOf(info: FunctionInfo): Parameters {
  const byName = new Map<string, Value>();
  let input = 0;
  const modes = info.argModes.length > 0 ? info.argModes : info.args.map(() => "i");
  for (const [position, mode] of modes.entries()) {
    if (mode === "o" || mode === "t") continue;
    const name = info.argNames[position];
    if (name !== undefined && name !== "") byName.set(name, constant(info.args[input] ?? 0));
    input += 1;
  }
  return { functionName: info.name, byName };
}
