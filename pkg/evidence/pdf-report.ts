// The pack as a report to read: who made what from which log, each criterion with its population, sample and exceptions, how complete the
// records are, and what none of this proves. The numbers are those of the CSV files.
import { columnsOf, uncovered } from "./criteria.ts";
import type { CriterionReport } from "./criterion-files.ts";
import type { PackContent } from "./pack-content.ts";
import { shownColumns } from "./pdf-columns.ts";
import { type HeadingPages, ReportDocument, type TableColumn } from "./pdf-document.ts";
import { questionText } from "./question.ts";
import { cellText, type Row, type TableName, timeText } from "./row.ts";

/** Of one table in the report; the CSV has all. */
const ROWS_SHOWN = 100;

export async function pdfReport(content: PackContent): Promise<Buffer> {
  const first = new ReportDocument(factsOf(content));
  write(first, content, new Map());
  const second = new ReportDocument(factsOf(content));
  write(second, content, first.pages);
  return await second.end();
}

function factsOf({ parameters, opening, generatorVersion }: PackContent) {
  const { period } = parameters;
  return {
    title: `SOC 2 evidence ${timeText(period.fromMs).slice(0, 10)} to ${timeText(period.toMs).slice(0, 10)}, ${opening.manifest.log.origin}`,
    author: parameters.runBy,
    producer: `weir ${generatorVersion}`,
    madeAt: new Date(opening.manifest.madeAt),
  };
}

const summaryTitle = "Summary";
const completenessTitle = "Completeness of the records";
const checkTitle = "How to check this, and what it does not prove";
const chapterOf = ({ criterion }: CriterionReport) => `${criterion.id}: ${criterion.title}`;

function write(doc: ReportDocument, content: PackContent, pages: HeadingPages): void {
  doc.title("SOC 2 evidence of database activity");
  doc.facts2(originOf(content));
  doc.heading("Contents");
  doc.contents([summaryTitle, ...content.reports.map(chapterOf), completenessTitle, checkTitle], pages);
  summary(doc, content);
  for (const report of content.reports) criterionChapter(doc, report);
  completeness(doc, content);
  howToCheck(doc);
}

function originOf({ parameters, opening, evidence, generatorVersion, evidenceSha256, grantsGiven }: PackContent) {
  const { period, clusters, environments, namespaces } = parameters;
  const { log } = opening.manifest;
  const names = (list: readonly string[]) => (list.length === 0 ? "all" : list.join(", "));
  const witnesses = (evidence.log?.witnesses ?? []).map(({ name, timeSeconds }) =>
    timeSeconds === null ? `${name}: not seen` : `${name}, ${timeText(timeSeconds * 1000)}`,
  );
  return [
    [
      "Period",
      `${timeText(period.fromMs)} to ${timeText(period.toMs)}, the end not included; asked for as ${period.from} to ${period.to} in ${period.zone}. Times in this report are UTC`,
    ],
    ["Clusters", names(clusters)],
    ["Environments", names(environments)],
    ["Namespaces", names(namespaces)],
    [
      "Run by, run at",
      `${parameters.runBy}, ${timeText(opening.manifest.madeAt)} (when the collector made the evidence)`,
    ],
    ["Generator", `weir ${generatorVersion}`],
    ["Log", `${log.origin}, ${log.size} entries, root ${log.root}`],
    ["Log key", log.key],
    ["Witnesses", witnesses.length === 0 ? "none has signed" : witnesses.join("; ")],
    [
      "Records",
      `${evidence.records} in ${evidence.segments} segments of ${evidence.chains.length} chains, verified: ${evidence.verdict}`,
    ],
    ["Evidence file", `SHA-256 ${evidenceSha256}`],
    [
      "Grants",
      grantsGiven
        ? "a list of the databases' grants was given"
        : "no list of grants was given: the access review shows use only",
    ],
  ] as const;
}

function summary(doc: ReportDocument, { reports, opening, parameters }: PackContent): void {
  doc.chapter(summaryTitle);
  doc.table(
    columnsFor([
      ["Criterion", 1],
      ["Title", 5],
      ["Population", 1],
      ["Sample", 1],
      ["Exceptions", 1],
    ]),
    reports.map(({ criterion, population, sample, exceptions }) =>
      [criterion.id, criterion.title, population.length, sample.length, exceptions.length].map(String),
    ),
  );
  doc.paragraph(
    "An exception is a row that an auditor will want to see, found by the question printed with it. It is not yet a finding.",
  );
  if (opening.manifest.madeAt < parameters.period.toMs)
    doc.paragraph("The evidence was made before the period was over: what came later is not in it.");
  doc.heading("Not covered");
  doc.table(
    columnsFor([
      ["Criterion", 1],
      ["Why", 6],
    ]),
    uncovered.map(({ id, why }) => [id, why]),
  );
}

function criterionChapter(doc: ReportDocument, report: CriterionReport): void {
  const { criterion, population, populationSha256, sample, exceptions, counts, seed } = report;
  const { from } = criterion.population;
  doc.chapter(chapterOf(report));
  doc.paragraph(criterion.control);
  doc.facts2([
    ["Question", criterion.asks],
    ["Population", `${population.length} rows: ${questionText(criterion.population)}`],
    ["population.csv", `SHA-256 ${populationSha256}`],
    ["Sample", `${sample.length} rows, seed ${seed}`],
    ["Exceptions", String(exceptions.length)],
    ["Does not prove", criterion.doesNotProve],
  ]);
  if (counts.length > 0) {
    doc.heading("Exceptions by test");
    doc.table(
      columnsFor([
        ["Test", 1.6],
        ["Says", 4],
        ["Question", 5],
        ["Rows", 0.7],
      ]),
      counts.map(({ name, says, query, count }) => [name, says, query, String(count)]),
    );
  }
  rowsTable(
    doc,
    {
      title: "Exceptions",
      file: "exceptions.csv",
      table: from,
      rows: exceptions.map(({ test, row }) => ({ exception: test, ...row })),
    },
    ["exception", 1.8],
  );
  rowsTable(
    doc,
    {
      title: "Sample",
      file: "sample.csv",
      table: from,
      rows: sample.map(({ rank, row }, at) => ({ rank, nr: at + 1, ...row })),
    },
    ["nr", 0.5],
  );
}

interface ShownRows {
  readonly title: string;
  readonly file: string;
  readonly table: TableName;
  readonly rows: readonly Row[];
}

function rowsTable(
  doc: ReportDocument,
  { title, file, table, rows }: ShownRows,
  lead: readonly [string, number],
): void {
  doc.heading(`${title} (${rows.length})`);
  if (rows.length === 0) return doc.paragraph("None.");
  const columns = [lead, ...shownColumns[table]];
  const lines = rows.slice(0, ROWS_SHOWN).map((row) => columns.map(([column]) => cellText(column, row[column])));
  doc.table(columnsFor(columns), lines);
  const hidden = columnsOf[table].length - shownColumns[table].length;
  const rest = rows.length > ROWS_SHOWN ? `The first ${ROWS_SHOWN} of ${rows.length} rows. ` : "";
  doc.paragraph(`${rest}${file} has all rows with ${hidden} more columns.`);
}

function completeness(doc: ReportDocument, { tables }: PackContent): void {
  doc.chapter(completenessTitle);
  const { chains } = tables;
  const sum = (column: string) => chains.reduce((total, row) => total + Number(row[column] ?? 0), 0);
  const count = (column: string, value: string | boolean) => chains.filter((row) => row[column] === value).length;
  doc.paragraph(
    `${chains.length} chains with ${sum("records")} records. Missing numbers: ${sum("missing")}. Events that sidecars could not record: ${sum("unrecorded")}. ` +
      `Chains whose sidecar is gone without a word: ${count("end", "unclosed")}. Open chains that may still send records of the period: ${count("isLate", true)}. Refused forks: ${sum("forksRefused")}.`,
  );
  doc.paragraph(
    "A chain is one sidecar's records, numbered without gaps and signed. Whole segments are in the evidence, so it holds some records from before and after the period.",
  );
  const lines = chains
    .slice(0, ROWS_SHOWN)
    .map((row) => shownColumns.chains.map(([column]) => cellText(column, row[column])));
  doc.table(columnsFor(shownColumns.chains), lines);
  if (chains.length > ROWS_SHOWN)
    doc.paragraph(`The first ${ROWS_SHOWN} of ${chains.length} chains; completeness.csv has all.`);
}

function howToCheck(doc: ReportDocument): void {
  doc.chapter(checkTitle);
  for (const text of checkTexts) doc.paragraph(text);
}

export const checkTexts: readonly string[] = [
  "weir verify PACK --log-key KEY checks all of it without any network: that the records are those that sidecars wrote and the log took, and that every population, sample, exception and number here follows from them. Take the log's key from its owner's publication, not from the pack.",
  "The same pack can be made again, byte for byte: weir evidence --again PACK --out OTHER.",
  "sample.csv names each row's rank: the SHA-256 of seed, population and row. The lowest ranks are the sample. Where nobody has chosen a seed, it comes from the checkpoint of the log.",
  "None of this shows that every statement was captured: that rests on traffic having no other way than through a sidecar. Nor that what a sidecar wrote is true if its machine was in other hands; that nothing else exists beyond the chains that the collector has put into the evidence; or when something happened beyond the word of the machines that wrote the times.",
];

function columnsFor(columns: readonly (readonly [string, number])[]): readonly TableColumn[] {
  return columns.map(([title, weight]) => ({ title, weight }));
}
