// What the live view tells of a record: names, verdict and counts, taken from the record itself. A record holds no literal, so this
// holds none either.
import { parsedRecord } from "../audit/chain.ts";
import type { SegmentHeader } from "../ledger/segment.ts";
import { isTime } from "../ledger/shapes.ts";

export type ToldKind = "session" | "decision" | "outcome" | "policy" | "chain";

export interface Told {
  readonly kind: ToldKind;
  readonly chain: string;
  readonly number: number;
  readonly timeMs: number;
  readonly cluster: string;
  readonly namespace: string;
  readonly environment: string;
  readonly workload: string;
  readonly instance: string;
  readonly database: string | null;
  readonly principal: string | null;
  /** Those for whom it acts, nearest first. */
  readonly actingFor: readonly string[];
  readonly session: string | null;
  readonly statement: number | null;
  readonly step: string | null;
  /** `mask` for what is allowed with masks. */
  readonly verdict: string | null;
  /** `policy/rule` of each. */
  readonly rules: readonly string[];
  /** Normalised text, or a keyed digest. */
  readonly text: string | null;
  readonly reason: string | null;
  readonly status: string | null;
  readonly sqlstate: string | null;
  readonly rows: number | null;
  readonly maskedCells: number | null;
  readonly durationUs: number | null;
  /** Of sessions and chains: open, close, begin and so on. */
  readonly phase: string | null;
}

type Members = Readonly<Record<string, unknown>>;
const kinds: readonly string[] = ["session", "decision", "outcome", "policy", "chain"] satisfies ToldKind[];
const TEXT_CHARS_MAX = 2000;
const RULES_MAX = 16;

/** null for bytes that are no record of ours. */
export function toldOf(bytes: Uint8Array, { cluster, namespace, environment }: SegmentHeader): Told | null {
  const record = membersOf(parsedRecord(bytes));
  const weir = membersOf(membersOf(record.unmapped).weir);
  if (!kinds.includes(weir.kind as string)) return null;
  const metadata = membersOf(record.metadata);
  const place = membersOf(weir.place);
  const user = membersOf(membersOf(record.actor).user ?? record.user);
  const masks = Array.isArray(weir.masks) ? weir.masks.length : 0;
  const verdict = textOr(weir.verdict);
  return {
    kind: weir.kind as ToldKind,
    chain: textOr(membersOf(weir.chain).uid) ?? "",
    number: numberOr(metadata.sequence) ?? 0,
    timeMs: isTime(record.time) ? record.time : 0,
    cluster,
    namespace,
    environment,
    workload: textOr(place.workload) ?? "",
    instance: textOr(place.instance) ?? "",
    database: textOr(membersOf(record.database).name) ?? textOr(membersOf(weir.database).name),
    principal: textOr(user.name),
    actingFor: actingForOf(weir.who),
    session: textOr(weir.session),
    statement: numberOr(weir.statement),
    step: textOr(weir.step),
    verdict: verdict === "allow" && masks > 0 ? "mask" : verdict,
    rules: rulesOf(weir.rules),
    text: textOr(membersOf(record.query_info).query_string),
    reason: textOr(record.status_detail),
    status: textOr(record.status),
    sqlstate: textOr(record.status_code),
    rows: numberOr(weir.rows),
    maskedCells: numberOr(weir.masked_cells),
    durationUs: numberOr(weir.duration_us),
    phase: textOr(weir.phase),
  };
}

function rulesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, RULES_MAX).map((each) => {
    const { policy, rule } = membersOf(each);
    return `${textOr(policy) ?? ""}/${textOr(rule) ?? ""}`;
  });
}

const CHAIN_MAX = 8;

function actingForOf(who: unknown): readonly string[] {
  const { acting_for: chain } = membersOf(who);
  if (!Array.isArray(chain)) return [];
  return chain.slice(0, CHAIN_MAX).flatMap((each) => textOr(membersOf(membersOf(each).user).name) ?? []);
}

/** Who acts and for whom, in one line; "" where the record tells of nobody. */
export function whoOf({ principal, actingFor }: Pick<Told, "principal" | "actingFor">): string {
  return [principal ?? "", ...actingFor].join(" for ");
}

function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null ? (value as Members) : {};
}

function textOr(value: unknown): string | null {
  return typeof value === "string" ? value.slice(0, TEXT_CHARS_MAX).toWellFormed() : null;
}

function numberOr(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
