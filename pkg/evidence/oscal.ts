// The same results as OSCAL assessment results (NIST, 1.1.3), for tools. OSCAL wants an assessment plan: there is none, so `import-ap`
// points to a note that says so. Identifiers are version 5 UUIDs, so that the same pack gives the same file.
import type { CriterionReport } from "./criterion-files.ts";
import type { PackContent } from "./pack-content.ts";
import { timeText } from "./row.ts";
import { sha256 } from "./sha256.ts";
import { uuidOf } from "./uuid.ts";

const OSCAL_VERSION = "1.1.3";
const NAMESPACE = "https://weir.dev/ns/oscal";

/** `files`: those that it speaks of, by path. */
export function oscalResults(content: PackContent, files: ReadonlyMap<string, Buffer>): Buffer {
  const { parameters, opening, reports, generatorVersion } = content;
  const name = (part: string) => uuidOf(`${opening.manifest.log.root}\n${JSON.stringify(parameters)}\n${part}`);
  const { period } = parameters;
  const made = timeText(opening.manifest.madeAt);
  const chosen = reports.map(({ criterion }) => ({ "control-id": controlId(criterion.id) }));
  const document = {
    "assessment-results": {
      uuid: name("results"),
      metadata: {
        title: `SOC 2 evidence of governed databases, ${timeText(period.fromMs)} to ${timeText(period.toMs)}`,
        "last-modified": made,
        version: generatorVersion,
        "oscal-version": OSCAL_VERSION,
        props: [prop("generator", `weir ${generatorVersion}`), prop("run-by", parameters.runBy)],
      },
      "import-ap": { href: `#${name("no plan")}` },
      results: [
        {
          uuid: name("result"),
          title: "Criteria that records of database activity speak to",
          description:
            "Populations, samples and exceptions out of a log that proves itself; see the report beside this file.",
          start: timeText(period.fromMs),
          end: timeText(period.toMs),
          props: [
            prop("log-origin", opening.manifest.log.origin),
            prop("log-size", opening.manifest.log.size),
            prop("log-root", opening.manifest.log.root),
          ],
          "reviewed-controls": { "control-selections": [{ "include-controls": chosen }] },
          observations: reports.map((report) => observation(report, name, made)),
          findings: reports.map((report) => finding(report, name)),
        },
      ],
      "back-matter": {
        resources: [
          {
            uuid: name("no plan"),
            title: "There is no assessment plan",
            description: "Evidence is kept continuously; what was asked for stands in the manifest of the pack.",
          },
          ...[...files].map(([path, bytes]) => ({
            uuid: name(path),
            title: path,
            rlinks: [{ href: `../${path}`, hashes: [{ algorithm: "SHA-256", value: sha256(bytes) }] }],
          })),
        ],
      },
    },
  };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

function observation(report: CriterionReport, name: (part: string) => string, collected: string) {
  const { criterion, population, sample, exceptions } = report;
  const evidence = [...report.files.keys()].map((file) => ({
    href: `#${name(`${criterion.id}/${file}`)}`,
    description: file,
  }));
  return {
    uuid: name(`observation ${criterion.id}`),
    title: criterion.title,
    description: criterion.control,
    props: [
      prop("population", population.length),
      prop("sample", sample.length),
      prop("exceptions", exceptions.length),
      prop("sample-seed", report.seed),
    ],
    methods: ["EXAMINE"],
    collected,
    "relevant-evidence": evidence,
  };
}

/** OSCAL knows satisfied or not; "operated, with n exceptions" is said beside it, and the auditor concludes. */
function finding({ criterion, population, exceptions }: CriterionReport, name: (part: string) => string) {
  return {
    uuid: name(`finding ${criterion.id}`),
    title: `${criterion.id}: ${criterion.title}`,
    description: `${population.length} in the population, ${exceptions.length} exceptions. Not proven: ${criterion.doesNotProve}`,
    props: [
      prop("operation", exceptions.length === 0 ? "no-exceptions" : "exceptions"),
      prop("exceptions", exceptions.length),
    ],
    target: {
      type: "objective-id",
      "target-id": controlId(criterion.id),
      status: { state: exceptions.length === 0 ? "satisfied" : "not-satisfied" },
    },
    "related-observations": [{ "observation-uuid": name(`observation ${criterion.id}`) }],
  };
}

function prop(name: string, value: string | number) {
  return { name, ns: NAMESPACE, value: String(value) };
}

/** A token, as OSCAL wants identifiers. */
function controlId(criterion: string): string {
  return criterion.toLowerCase();
}
