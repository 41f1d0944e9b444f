// `when`: a CEL expression over principal, session, statement and now, checked when policies load and bounded when it runs.
// Whatever cannot be evaluated is "unknown", which applies a restriction and never an exemption.
import { celEnv, isCelError, parse, plan } from "@bufbuild/cel";

export type Answer = "yes" | "no" | "unknown";

/** Values that an expression sees; a missing one makes what uses it unknown. */
export interface ConditionInput {
  readonly principal: Readonly<Record<string, unknown>>;
  readonly session: Readonly<Record<string, unknown>>;
  readonly statement?: Readonly<Record<string, unknown>>;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs?: number;
}

export interface Condition {
  /** Uses `statement` or `now`, so its answer is asked for each statement anew. */
  readonly varies: boolean;
  evaluate(input: ConditionInput): Answer;
}

export type CompiledCondition =
  | { readonly ok: true; readonly condition: Condition }
  /** `known` holds the names that would have been possible, for "did you mean". */
  | { readonly ok: false; readonly problem: string; readonly word?: string; readonly known?: readonly string[] };

export const CONDITION_LIMITS = { characters: 2000, nodes: 400, nesting: 2, listItems: 256 } as const;

const fields: Readonly<Record<string, readonly string[]>> = {
  principal: [
    "kind",
    "name",
    "issuer",
    "groups",
    "assurance",
    "login",
    "serviceAccount",
    "client",
    "claims",
    "actingFor",
  ],
  session: ["environment", "cluster", "namespace", "database", "application", "clientAddress"],
  statement: ["understood", "kind", "effects", "relations", "functions"],
  now: [],
};
const typeNames = ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];

type Run = (bindings: object) => unknown;
type Expr = ReturnType<typeof parse>["expr"];

/** Parses and checks `text`. Never throws. */
export function compileCondition(text: string): CompiledCondition {
  if (text.length > CONDITION_LIMITS.characters) {
    return { ok: false, problem: `is longer than ${CONDITION_LIMITS.characters} characters` };
  }
  try {
    const parsed = parse(text);
    const walk = new Walk();
    walk.visit(parsed.expr, 0, []);
    if (walk.problem !== null) return { ok: false, ...walk.problem };
    const run = plan(celEnv(), parsed) as Run;
    const timestamp = plan(celEnv(), parse("timestamp(iso)")) as Run;
    return trial(run, timestamp) ?? { ok: true, condition: conditionOf(run, timestamp, walk.names) };
  } catch (error) {
    return { ok: false, problem: `is not a CEL expression: ${firstLine(error)}` };
  }
}

function conditionOf(run: Run, timestamp: Run, names: ReadonlySet<string>): Condition {
  const usesNow = names.has("now");
  return {
    varies: usesNow || names.has("statement"),
    evaluate(input) {
      if (tooLong(input.principal.groups) || tooLong(input.statement?.relations)) return "unknown";
      if (tooLong(input.statement?.functions)) return "unknown";
      try {
        const { principal, session, statement, nowMs } = input;
        const now = usesNow && nowMs !== undefined ? { now: timestamp({ iso: new Date(nowMs).toISOString() }) } : {};
        const value = run({ principal, session, ...now, ...(statement === undefined ? {} : { statement }) });
        return value === true ? "yes" : value === false ? "no" : "unknown";
      } catch {
        return "unknown";
      }
    },
  };
}

function tooLong(list: unknown): boolean {
  return Array.isArray(list) && list.length > CONDITION_LIMITS.listItems;
}

/** Runs the expression once on made-up values: finds unknown functions and results that are not true or false. */
function trial(run: Run, timestamp: Run): CompiledCondition | undefined {
  const text = {
    kind: "x",
    name: "x",
    issuer: "x",
    groups: ["x"],
    assurance: "L0",
    login: "x",
    serviceAccount: "x",
    client: "x",
    claims: {},
  };
  const principal = { ...text, actingFor: { ...text, actingFor: text } };
  const session = {
    environment: "x",
    cluster: "x",
    namespace: "x",
    database: "x",
    application: "x",
    clientAddress: "x",
  };
  const statement = { understood: true, kind: "x", effects: ["x"], relations: ["x"], functions: ["x"] };
  const value = run({ principal, session, statement, now: timestamp({ iso: "2026-01-01T00:00:00Z" }) });
  if (typeof value === "boolean") return undefined;
  if (!isCelError(value)) return { ok: false, problem: "gives something other than true or false" };
  // Other errors depend on the values, such as an index outside a list.
  const message = firstLine(value);
  return /unbound function|no matching overload/.test(message) ? { ok: false, problem: message } : undefined;
}

/** Walks the syntax tree: names used, names and fields that do not exist, and the size limits. */
class Walk {
  readonly names = new Set<string>();
  problem: { problem: string; word?: string; known?: readonly string[] } | null = null;
  #nodes = 0;

  visit(expr: Expr | undefined, nesting: number, bound: readonly string[]): void {
    if (expr === undefined || this.problem !== null) return;
    if (++this.#nodes > CONDITION_LIMITS.nodes) this.#fail("has too many parts");
    const kind = expr.exprKind;
    switch (kind.case) {
      case "identExpr":
        this.#name(kind.value.name, bound);
        return;
      case "selectExpr":
        this.#field(kind.value.operand, kind.value.field, bound);
        this.visit(kind.value.operand, nesting, bound);
        return;
      case "callExpr":
        for (const each of [kind.value.target, ...kind.value.args]) this.visit(each, nesting, bound);
        return;
      case "listExpr":
        for (const each of kind.value.elements) this.visit(each, nesting, bound);
        return;
      case "structExpr":
        for (const entry of kind.value.entries) {
          if (entry.keyKind.case === "mapKey") this.visit(entry.keyKind.value, nesting, bound);
          this.visit(entry.value, nesting, bound);
        }
        return;
      case "comprehensionExpr": {
        if (nesting >= CONDITION_LIMITS.nesting) this.#fail("nests loops too deeply");
        const { iterVar, iterVar2, accuVar, iterRange, accuInit, loopCondition, loopStep, result } = kind.value;
        this.visit(iterRange, nesting, bound);
        const inner = [...bound, iterVar, iterVar2, accuVar];
        for (const each of [accuInit, loopCondition, loopStep, result]) this.visit(each, nesting + 1, inner);
        return;
      }
      default:
        return;
    }
  }

  #name(name: string, bound: readonly string[]): void {
    if (bound.includes(name) || typeNames.includes(name)) return;
    this.names.add(name);
    if (!Object.hasOwn(fields, name)) this.#fail(`uses "${name}", which does not exist`, name, Object.keys(fields));
  }

  #field(operand: Expr | undefined, field: string, bound: readonly string[]): void {
    const owner = ownerOf(operand, bound);
    const known = owner === undefined || !Object.hasOwn(fields, owner) ? undefined : fields[owner];
    if (known !== undefined && !known.includes(field))
      this.#fail(`uses "${owner}.${field}", which does not exist`, field, known);
  }

  #fail(problem: string, word?: string, known?: readonly string[]): void {
    this.problem ??= word === undefined || known === undefined ? { problem } : { problem, word, known };
  }
}

/** Which of `fields` an expression names: a plain name, or `principal.actingFor` at any depth. */
function ownerOf(expr: Expr | undefined, bound: readonly string[]): string | undefined {
  const kind = expr?.exprKind;
  if (kind?.case === "identExpr") return bound.includes(kind.value.name) ? undefined : kind.value.name;
  if (kind?.case !== "selectExpr" || kind.value.field !== "actingFor") return undefined;
  return ownerOf(kind.value.operand, bound) === "principal" ? "principal" : undefined;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error);
  return text.split("\n", 1)[0]!.slice(0, 200);
}
