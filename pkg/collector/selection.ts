// Which records: asked for as evidence, or kept by a legal hold. Each member narrows; an absent one does not.
import { canonicalJson } from "../audit/canonical-json.ts";

export interface Selection {
  readonly chains?: readonly string[];
  readonly cluster?: string;
  readonly namespace?: string;
  readonly environment?: string;
  /** Milliseconds since the epoch, both inclusive; a segment counts when any of its time does. */
  readonly from?: number;
  readonly to?: number;
}

export interface Selectable {
  readonly chain: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly environment: string;
  readonly from: number;
  readonly to: number;
}

export type ReadSelection =
  | { readonly ok: true; readonly selection: Selection }
  | { readonly ok: false; readonly error: string };

const CHAINS_MAX = 1000;
const texts = ["cluster", "namespace", "environment"] as const;
const known: readonly string[] = ["chains", ...texts, "from", "to"];

export function readSelection(value: unknown): ReadSelection {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { ok: false, error: `the selection must be an object with some of ${known.join(", ")}` };
  const given = value as Readonly<Record<string, unknown>>;
  const stranger = Object.keys(given).find((name) => !known.includes(name));
  if (stranger !== undefined)
    return { ok: false, error: `${stranger.slice(0, 64)}: there is no such member; there are ${known.join(", ")}` };
  for (const name of texts)
    if (given[name] !== undefined && (typeof given[name] !== "string" || given[name].length > 256))
      return { ok: false, error: `${name}: must be a text` };
  for (const name of ["from", "to"])
    if (given[name] !== undefined && !(Number.isSafeInteger(given[name]) && (given[name] as number) >= 0))
      return { ok: false, error: `${name}: must be milliseconds since 1970` };
  const { chains } = given;
  if (chains !== undefined && !isChainList(chains))
    return { ok: false, error: `chains: must be a list of at most ${CHAINS_MAX} chains, 32 hex digits each` };
  return { ok: true, selection: JSON.parse(canonicalJson(given)) as Selection };
}

function isChainList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= CHAINS_MAX &&
    value.every((each) => typeof each === "string" && /^[0-9a-f]{32}$/.test(each))
  );
}

export function isSelected({ chains, cluster, namespace, environment, from, to }: Selection, of: Selectable): boolean {
  return (
    (chains === undefined || chains.includes(of.chain)) &&
    (cluster === undefined || cluster === of.cluster) &&
    (namespace === undefined || namespace === of.namespace) &&
    (environment === undefined || environment === of.environment) &&
    (from === undefined || of.to >= from) &&
    (to === undefined || of.from <= to)
  );
}
