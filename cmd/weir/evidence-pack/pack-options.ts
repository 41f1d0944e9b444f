// What `weir evidence --pack` takes, as the parameters of a pack.
import { criteria } from "../../../pkg/evidence/criteria.ts";
import { type PackParameters, SAMPLE_SIZE, SAMPLE_SIZE_MAX } from "../../../pkg/evidence/pack-parameters.ts";
import { readPeriod } from "../../../pkg/evidence/period.ts";
import { hint } from "../../../pkg/runtime/closest.ts";
import { UsageError } from "../command.ts";

const names = { type: "string", multiple: true } as const;

export const packOptions = {
  pack: { type: "string" },
  again: { type: "string" },
  "grants-query": { type: "boolean", default: false },
  out: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  "time-zone": { type: "string", default: "UTC" },
  criteria: names,
  cluster: names,
  environment: names,
  namespace: names,
  sample: { type: "string", default: String(SAMPLE_SIZE) },
  seed: { type: "string" },
  grants: { type: "string" },
  "run-by": { type: "string" },
  "sign-key": { type: "string" },
  evidence: { type: "string" },
  "log-key": { type: "string" },
} as const;

export const packHelp = `an evidence pack, per SOC 2 criterion with population, sample, exceptions and proofs (docs/evidence-packs.md):
       weir evidence --pack soc2 --from DAY --to DAY --out FOLDER|FILE.zip|FILE.tar [--collector URL ... | --evidence FILE]
  --to DAY             the first day that is not part of the period
  --time-zone ZONE     where days begin, such as Europe/Paris; default UTC
  --criteria LIST      commas between: ${criteria.map(({ id }) => id).join(",")}; default all
  --cluster, --environment, --namespace NAME   once or several times; default all
  --sample COUNT       rows to sample per criterion, ${SAMPLE_SIZE} by default
  --seed TEXT          to draw samples with; by default what the log's checkpoint gives, which nobody can choose
  --grants FILE        what logins may do, as CSV of the query that \`weir evidence --grants-query\` prints
  --evidence FILE      make it offline of a file that was fetched before
  --log-key KEY        the log's verifier key, or a file that holds it
  --sign-key FILE      sign the manifest with a key of \`weir evidence new-key\`
  --run-by NAME        who makes it; default: the account's name
  --again PACK         make the same pack once more from its own evidence: the same bytes`;

export interface PackValues {
  readonly pack?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly "time-zone": string;
  readonly criteria?: readonly string[] | undefined;
  readonly cluster?: readonly string[] | undefined;
  readonly environment?: readonly string[] | undefined;
  readonly namespace?: readonly string[] | undefined;
  readonly sample: string;
  readonly seed?: string | undefined;
  readonly "run-by"?: string | undefined;
}

/** @throws UsageError */
export function parametersOf(values: PackValues, account: string): PackParameters {
  if (values.pack !== "soc2") throw new UsageError(`--pack: there is no pack "${values.pack}"; there is soc2`);
  if (values.from === undefined || values.to === undefined)
    throw new UsageError("name the period with --from and --to");
  const read = readPeriod(values.from, values.to, values["time-zone"]);
  if (!read.ok) throw new UsageError(`--${read.field === "zone" ? "time-zone" : read.field}: ${read.why}`);
  const size = /^\d{1,6}$/.test(values.sample) ? Number(values.sample) : Number.NaN;
  if (!(size >= 1 && size <= SAMPLE_SIZE_MAX))
    throw new UsageError(`--sample: write a number from 1 to ${SAMPLE_SIZE_MAX}`);
  return {
    pack: "soc2",
    period: read.period,
    clusters: sorted(values.cluster),
    environments: sorted(values.environment),
    namespaces: sorted(values.namespace),
    criteria: criteriaOf(values.criteria),
    sample: { size, seed: values.seed ?? null },
    runBy: values["run-by"] ?? account,
  };
}

function sorted(list: readonly string[] = []): readonly string[] {
  return [...new Set(list)].sort();
}

function criteriaOf(lists: readonly string[] | undefined): readonly string[] {
  const known = criteria.map(({ id }) => id);
  if (lists === undefined) return known;
  const asked = lists.flatMap((list) => list.split(",")).map((id) => id.trim());
  for (const id of asked)
    if (!known.includes(id))
      throw new UsageError(`--criteria: there is no "${id}"${hint(id, known)}; there are ${known.join(", ")}`);
  return known.filter((id) => asked.includes(id));
}
