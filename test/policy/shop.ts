// A small shop for policy tests: tables by OID, facts by hand, policies as YAML. Facts are what `sql` would say of the statement.
import { type BookEntry, buildClassBook, type ClassBook, type RelationShape } from "../../pkg/policy/class-book.ts";
import { type DecisionRequest, decide } from "../../pkg/policy/decide.ts";
import type { Allow, Decision, Refuse } from "../../pkg/policy/decision.ts";
import type { PolicySet, SessionContext } from "../../pkg/policy/rules.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import { loadPolicySet } from "../../pkg/resources/compile.ts";
import { formatProblem } from "../../pkg/resources/problem.ts";
import type {
  ColumnRef,
  EffectKind,
  Lineage,
  OutputColumn,
  RelationUse,
  Understood,
  Write,
} from "../../pkg/sql/facts.ts";

export const orders = { namespace: "shop", name: "orders" };

const tables: Readonly<Record<string, { oid: number; columns: readonly string[] }>> = {
  customers: { oid: 20_001, columns: ["id", "name", "email", "ssn", "profile", "phone", "card"] },
  orders: { oid: 20_002, columns: ["id", "customer_id", "note"] },
  archive: { oid: 20_003, columns: ["id", "email", "profile"] },
};

export const relations: readonly RelationShape[] = Object.entries(tables).map(([name, { oid, columns }]) => ({
  oid,
  schema: "public",
  name,
  parents: [],
  columns: columns.map((column, i) => ({ attnum: i + 1, name: column })),
  foreignKeys: name === "orders" ? [{ target: 20_001 }] : [],
  hasTriggers: false,
}));

export const session: SessionContext = {
  environment: "production",
  cluster: "eu-1",
  application: "psql",
  clientAddress: "10.0.0.7",
};
export const ana: Principal = {
  kind: "Human",
  name: "ana@example.com",
  issuer: "configuration",
  groups: ["analysts"],
  assurance: "L0",
  login: "ana",
};
export const robo: Principal = { ...ana, kind: "Agent", name: "robo", groups: [], login: "robo", actingFor: ana };
export const api: Principal = {
  ...ana,
  kind: "Service",
  name: "orders-api",
  groups: [],
  login: "api",
  serviceAccount: "shop/api",
};

const database =
  "{apiVersion: weir.dev/v1alpha1, kind: GovernedDatabase, metadata: {name: orders, namespace: shop}, spec: {engine: PostgreSQL, host: db}}";

/** A DataPolicy `shop/<name>` with this spec. */
export function policy(name: string, spec: string): string {
  return `apiVersion: weir.dev/v1alpha1\nkind: DataPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec:${indented(spec)}`;
}

export function clusterPolicy(name: string, spec: string): string {
  return `apiVersion: weir.dev/v1alpha1\nkind: ClusterDataPolicy\nmetadata: {name: ${name}}\nspec:${indented(spec)}`;
}

function indented(spec: string): string {
  return `\n${spec.replace(/^\n/, "").replace(/^/gm, "  ")}`;
}

export function policies(...documents: readonly string[]): PolicySet {
  const { set, problems } = loadPolicySet([{ file: "policies.yaml", text: [database, ...documents].join("\n---\n") }], {
    maskKey: true,
  });
  if (set === null) throw new Error(problems.map(formatProblem).join("\n"));
  return set;
}

export function column(name: string): ColumnRef {
  const [table, field] = name.split(".") as [string, string];
  const { oid, columns } = tables[table]!;
  return { relation: oid, attnum: columns.indexOf(field) + 1, schema: "public", table, column: field };
}

export function relation(name: string, ...access: readonly EffectKind[]): RelationUse {
  return { oid: tables[name]?.oid ?? 29_999, schema: "public", name, kind: "table", temporary: false, access };
}

export function write(effect: Write["effect"], table: string, filter: Write["filter"] = "Other"): Write {
  return { effect, relation: relation(table, effect), filter };
}

export const clean: Lineage = { kind: "clean" };
export const copy = (name: string, path?: readonly string[], as?: "json" | "text"): Lineage => ({
  kind: "copy",
  column: column(name),
  ...(path === undefined ? {} : { path }),
  ...(as === undefined ? {} : { as }),
});
export const derived = (...names: readonly string[]): Lineage => ({ kind: "derived", columns: names.map(column) });
export const unknown: Lineage = { kind: "unknown", why: "a test says so" };

const nothing: Understood = {
  understood: true,
  kind: "SELECT",
  effects: ["Read"],
  relations: [],
  functions: [],
  writes: [],
  outputs: null,
  predicates: [],
  flows: [],
  settings: [],
  takesSnapshot: true,
  changesCatalog: false,
  changesResolution: false,
};

export function facts(some: Partial<Understood>): Understood {
  return { ...nothing, ...some };
}

/** `SELECT ... FROM customers` with these values. */
export function select(...lineages: readonly Lineage[]): Understood {
  const outputs = lineages.map((lineage): OutputColumn => ({ name: null, lineage, origin: null }));
  return facts({ outputs, relations: [relation("customers", "Read")] });
}

export function bookOf(set: PolicySet, previous: { entries: readonly BookEntry[] } | null = null): ClassBook {
  return buildClassBook(set, orders, relations, previous);
}

export function request(set: PolicySet, some: Partial<DecisionRequest>): DecisionRequest {
  return {
    set,
    database: orders,
    principal: ana,
    session,
    nowMs: Date.parse("2026-11-20T12:00:00Z"),
    facts: select(),
    book: bookOf(set),
    alone: true,
    auditWritable: true,
    ...some,
  };
}

export function decided(set: PolicySet, some: Partial<DecisionRequest>): Decision {
  return decide(request(set, some));
}

export function allowed(set: PolicySet, some: Partial<DecisionRequest>): Allow {
  const decision = decided(set, some);
  if (decision.verdict !== "allow")
    throw new Error(`refused: ${decision.refusal.message} (${decision.refusal.detail})`);
  return decision;
}

export function refused(set: PolicySet, some: Partial<DecisionRequest>): Refuse {
  const decision = decided(set, some);
  if (decision.verdict !== "refuse") throw new Error("allowed");
  return decision;
}

/** Per column `Method`, `default`, `path=Method ...` or null, for reading. */
export function masksOf({ masks }: Allow): readonly (string | null)[] | null {
  return (
    masks.columns?.map((mask) => {
      if (mask === null) return null;
      if (mask.apply === "method") return mask.mask.method;
      if (mask.apply === "default") return "default";
      return mask.paths.map((each) => `${each.path.join(".")}=${each.mask.method}`).join(" ");
    }) ?? null
  );
}
