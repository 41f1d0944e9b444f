// EXPLAIN: the facts of what it explains. Its text tells estimates, and with ANALYZE counts, that the values of compared columns
// decide; with costs also how wide the values are on average, and with VERBOSE output expressions.
import type { Engine } from "../engine.ts";
import type { Lineage, Source, Understood } from "../facts.ts";
import { CLEAN, deriveAll } from "../lineage/label.ts";
import { NotKnown } from "../lineage/walk.ts";
import type { Node } from "../node.ts";
import { optionBoolean, optionsOf } from "./options.ts";
import { columnsOf } from "./relations.ts";
import { insist } from "./understood.ts";

const options = new Set([
  "analyze",
  "verbose",
  "costs",
  "settings",
  "generic_plan",
  "buffers",
  "serialize",
  "wal",
  "timing",
  "summary",
  "memory",
  "format",
]);

export function explainFacts(node: Node, engine: Engine): Understood {
  const given = optionsOf(node.options);
  if (given.some(({ name }) => !options.has(name))) throw new NotKnown("EXPLAIN with an option of an extension");
  const on = (wanted: string) =>
    given
      .filter(({ name }) => name === wanted)
      .map(({ value }) => optionBoolean(value))
      .at(-1) ?? false;
  const explain = { analyze: on("analyze"), verbose: on("verbose") };
  const { reads, ...inner } = insist(engine.statement(node.query, true));
  const tellsWidths =
    given
      .filter(({ name }) => name === "costs")
      .map(({ value }) => optionBoolean(value))
      .at(-1) ?? true;
  const read = reads ?? allColumns(inner, engine);
  const lineage = planLineage(inner, explain.analyze || explain.verbose || tellsWidths ? read : null);
  const { copy: _copy, transaction: _transaction, name: _name, ...facts } = inner;
  const outputs = [{ name: "QUERY PLAN", lineage, origin: { table: 0, column: 0 } }];
  const told = { ...facts, kind: "EXPLAIN", outputs, explain, takesSnapshot: true };
  const relations = told.relations.map((use) => ({ ...use, access: [] }));
  return explain.analyze ? told : { ...told, ...notRun, relations };
}

/** Planning reads no rows; it may call functions whose arguments are constants, so those stay. */
const notRun = { effects: [], writes: [], flows: [], settings: [], changesCatalog: false, changesResolution: false };

/** `read`: what of it also shows, however it is used; null when nothing does. */
function planLineage({ predicates, outputs }: Understood, read: readonly Source[] | null): Lineage {
  const compared = predicates.map(({ column, path }): Source => (path === undefined ? column : { ...column, path }));
  const columns = [...compared, ...(read ?? []).filter((source) => !compared.some((each) => isSame(each, source)))];
  const steering: Lineage = columns.length === 0 ? CLEAN : { kind: "derived", columns };
  return deriveAll([steering, ...(read === null ? [] : (outputs ?? []).map(({ lineage }) => lineage))]);
}

function isSame(one: Source, other: Source): boolean {
  return (
    one.relation === other.relation && one.attnum === other.attnum && one.path?.join("\0") === other.path?.join("\0")
  );
}

/** Of EXECUTE only the relations are known that it reads. */
function allColumns({ relations }: Understood, engine: Engine): readonly Source[] {
  return relations.flatMap((use) => (use.oid === 0 ? [] : columnsOf(engine, use, null)));
}
