// Gathers what a statement does while its tree is walked, each fact once.
import type {
  EffectKind,
  Facts,
  Flow,
  FunctionUse,
  HiddenRelation,
  Lineage,
  PredicateUse,
  RelationUse,
  SettingChange,
  Source,
  Understood,
  Write,
} from "../facts.ts";
import { sourcesOf, unknown } from "./label.ts";
import type { Columns } from "./targets.ts";
import { NotKnown, type Walk } from "./walk.ts";

export interface Collector {
  readonly effects: Set<EffectKind>;
  /** By OID, or by name where the OID is not known. */
  readonly relations: Map<number | string, RelationUse>;
  /** OIDs, as `Understood.named`. */
  readonly named: Set<number>;
  /** By OID. */
  readonly hidden: Map<number, HiddenRelation>;
  readonly functions: Map<number | string, FunctionUse>;
  readonly writes: Write[];
  readonly predicates: Map<string, PredicateUse>;
  readonly flows: Flow[];
  readonly settings: SettingChange[];
  /** Every column that is read anywhere, whatever becomes of it; null where nobody asks. */
  readonly reads: Map<string, Source> | null;
  changesCatalog: boolean;
  changesResolution: boolean;
  /** Something in it fails with some values (failing.ts). */
  mayFail: boolean;
}

/** `reads`: every column that is read is wanted, too. */
export function newCollector(reads: boolean): Collector {
  return {
    effects: new Set(),
    relations: new Map(),
    named: new Set(),
    hidden: new Map(),
    functions: new Map(),
    writes: [],
    predicates: new Map(),
    flows: [],
    settings: [],
    reads: reads ? new Map() : null,
    changesCatalog: false,
    changesResolution: false,
    mayFail: false,
  };
}

/** Notes that a relation is used, adding to the access noted before. */
export function noteRelation(found: Collector, use: RelationUse): RelationUse {
  for (const effect of use.access) found.effects.add(effect);
  const key = use.oid === 0 ? `${use.schema}.${use.name}` : use.oid;
  const before = found.relations.get(key);
  const merged = before === undefined ? use : { ...before, access: [...new Set([...before.access, ...use.access])] };
  found.relations.set(key, merged);
  return merged;
}

/** One call of several that is not safe is what counts. */
export function noteFunction(found: Collector, use: FunctionUse): void {
  for (const effect of use.effects ?? []) found.effects.add(effect);
  const key = use.oid ?? use.name;
  if (found.functions.get(key)?.trust !== "opaque") found.functions.set(key, use);
}

/** Stands for columns that nobody knows; no class book knows relation 0. */
export const NO_COLUMN: Source = Object.freeze({ relation: 0, attnum: 0, schema: "", table: "", column: "" });

/** A label steers what the statement returns or does without being in it (rule R9). */
export function steer(walk: Walk, label: Lineage, where: string, use: "equality" | "other" = "other"): void {
  // What a caller hands to a function is not in the label.
  if (walk.inside === "function") walk.found.mayFail = true;
  if (label.kind === "clean") return;
  const sources = sourcesOf(label);
  const place = walk.inside ?? where;
  if (sources === null) {
    // Without a catalogue no column is known, and policy decides. With one, a condition that cannot be told apart into columns
    // cannot be judged.
    if (walk.catalog !== null) throw new NotKnown("condition on columns that are not known");
    return notePredicate(walk.found, NO_COLUMN, place, "other");
  }
  for (const source of sources) notePredicate(walk.found, source, place, walk.inside === null ? use : "other");
}

/** All columns of a query steer: one by one, so that no limit is met. */
export function steerColumns(walk: Walk, result: Columns, where: string): void {
  for (const { lineage } of result.columns) steer(walk, lineage, where);
  if (result.open) steer(walk, unknown("columns not known"), where);
}

/** Something fails with some values of this label: whether it did is told. */
export function noteFailure(walk: Walk, label: Lineage): void {
  walk.found.mayFail = true;
  if (walk.inside !== null) return;
  for (const source of sourcesOf(label) ?? [NO_COLUMN]) notePredicate(walk.found, source, FAILING, "failure");
}

const FAILING = "an expression that may fail";

function notePredicate(found: Collector, source: Source, where: string, use: PredicateUse["use"]): void {
  const key = `${source.relation}.${source.attnum} ${use} ${where} ${source.path?.join("\0") ?? ""}`;
  if (found.predicates.has(key)) return;
  const { path, ...column } = source;
  found.predicates.set(key, path === undefined ? { column, use, where } : { column, path, use, where });
}

/** Values of this label are read. */
export function noteReading({ found }: Walk, label: Lineage): void {
  if (found.reads === null || label.kind === "clean") return;
  const sources = sourcesOf(label);
  for (const source of sources ?? [NO_COLUMN]) noteSource(found.reads, source);
}

function noteSource(reads: Map<string, Source>, source: Source): void {
  reads.set(`${source.relation}.${source.attnum} ${source.path?.join("\0") ?? ""}`, source);
}

/** Takes over what a view, a function body or a default does. */
export function noteFacts(found: Collector, facts: Understood): void {
  for (const effect of facts.effects) found.effects.add(effect);
  for (const use of facts.relations) noteRelation(found, use);
  for (const oid of facts.named ?? []) found.named.add(oid);
  for (const each of facts.hidden ?? []) found.hidden.set(each.relation.oid, each);
  for (const use of facts.functions) noteFunction(found, use);
  for (const use of facts.predicates) notePredicate(found, withPath(use), use.where, use.use);
  found.writes.push(...facts.writes);
  found.flows.push(...facts.flows);
  found.settings.push(...facts.settings);
  if (found.reads !== null) for (const source of facts.reads ?? []) noteSource(found.reads, source);
  found.changesCatalog ||= facts.changesCatalog;
  found.changesResolution ||= facts.changesResolution;
}

function withPath(use: PredicateUse): Source {
  return use.path === undefined ? use.column : { ...use.column, path: use.path };
}

export function factsOf(found: Collector, kind: string, outputs: Understood["outputs"]): Facts {
  return {
    understood: true,
    kind,
    effects: [...found.effects],
    relations: [...found.relations.values()],
    ...(found.named.size > 0 && { named: [...found.named] }),
    ...(found.hidden.size > 0 && { hidden: [...found.hidden.values()] }),
    functions: [...found.functions.values()],
    writes: found.writes,
    outputs,
    predicates: [...found.predicates.values()],
    flows: found.flows,
    settings: found.settings,
    ...(found.reads !== null && { reads: [...found.reads.values()] }),
    takesSnapshot: true,
    changesCatalog: found.changesCatalog,
    changesResolution: found.changesResolution,
  };
}
