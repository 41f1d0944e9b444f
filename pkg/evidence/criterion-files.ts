// One criterion's part of a pack: its population, the sample of it, the exceptions in it, and what is said about them.
import { type Criterion, columnsOf } from "./criteria.ts";
import type { PackParameters } from "./pack-parameters.ts";
import { ask, holdsAll, questionText } from "./question.ts";
import type { Row, TableName, Tables } from "./row.ts";
import { type SampledRow, sampleOf, seedOf } from "./sample.ts";
import { sha256 } from "./sha256.ts";
import { writeCsv } from "./write-csv.ts";

export interface ExceptionCount {
  readonly name: string;
  readonly says: string;
  readonly query: string;
  readonly count: number;
}

export interface CriterionReport {
  readonly criterion: Criterion;
  readonly population: readonly Row[];
  readonly populationSha256: string;
  readonly seed: string;
  readonly sample: readonly SampledRow[];
  /** Each exception with the name of its test. */
  readonly exceptions: readonly { readonly test: string; readonly row: Row }[];
  readonly counts: readonly ExceptionCount[];
  /** By their names in the criterion's folder. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** `logRoot`: of the checkpoint, in hex. */
export function reportOn(
  criterion: Criterion,
  tables: Tables,
  parameters: PackParameters,
  logRoot: string,
): CriterionReport {
  const { from } = criterion.population;
  const columns = columnsOf[from];
  const population = ask(tables, criterion.population);
  const populationCsv = writeCsv(columns, population);
  const populationSha256 = sha256(populationCsv);
  const seed = parameters.sample.seed ?? seedOf(logRoot, criterion.id);
  const ids = population.map((row) => rowId(from, row));
  const sample = sampleOf(population, ids, { seed, populationSha256, size: parameters.sample.size });
  const sampleCsv = writeCsv(
    ["rank", ...columns],
    sample.map(({ rank, row }) => ({ rank, ...row })),
  );
  const exceptions = criterion.exceptions.flatMap(({ name, where }) =>
    population.filter((row) => holdsAll(row, where)).map((row) => ({ test: name, row })),
  );
  const exceptionsCsv = writeCsv(
    ["exception", ...columns],
    exceptions.map(({ test, row }) => ({ exception: test, ...row })),
  );
  const counts = criterion.exceptions.map(({ name, says, where }) => ({
    name,
    says,
    query: questionText({ from, where: [...criterion.population.where, ...where] }),
    count: exceptions.filter(({ test }) => test === name).length,
  }));
  const { id, title, control, asks, doesNotProve } = criterion;
  const report = {
    criterion: id,
    ...{ title, control, asks, doesNotProve },
    period: parameters.period,
    scope: { clusters: parameters.clusters, environments: parameters.environments, namespaces: parameters.namespaces },
    population: {
      query: questionText(criterion.population),
      question: criterion.population,
      rows: population.length,
      sha256: populationSha256,
    },
    sample: { seed, size: parameters.sample.size, rows: sample.length, sha256: sha256(sampleCsv) },
    exceptions: { rows: exceptions.length, sha256: sha256(exceptionsCsv), tests: counts },
  };
  const files = new Map([
    ["report.json", Buffer.from(`${JSON.stringify(report, null, 2)}\n`)],
    ["population.csv", populationCsv],
    ["sample.csv", sampleCsv],
    ["exceptions.csv", exceptionsCsv],
  ]);
  return { criterion, population, populationSha256, seed, sample, exceptions, counts, files };
}

/** Unique in its table: a statement has a row for each column that it touches. */
function rowId(table: TableName, row: Row): string {
  if (table !== "columns") return String(row.id);
  return JSON.stringify([row.id, row.schema, row.table, row.column, row.access]);
}

/** The records that a row was made from, as `<chain>/<number>`. */
export function recordIdsOf(table: TableName, row: Row): readonly string[] {
  const ids = table === "chains" || table === "access" ? [row.lastId] : [row.id, row.outcomeId];
  return ids.filter((id) => typeof id === "string");
}
