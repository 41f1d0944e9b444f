// What of the ledger a reader may see: clusters, environments, namespaces and a period, each as far as it is given. It holds on the
// server, on every route, whatever is asked for.
import type { Condition, Question } from "../store/question.ts";
import type { Selection } from "./selection.ts";
import type { Reader } from "./source.ts";

export interface Scope {
  readonly clusters?: readonly string[];
  readonly environments?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Milliseconds since 1970, inclusive. */
  readonly fromMs?: number;
  /** The first millisecond after it. */
  readonly beforeMs?: number;
}

export interface Placed {
  readonly cluster: string;
  readonly environment: string;
  readonly namespace: string;
}

export function isWhole(scope: Scope): boolean {
  return Object.values(scope).every((value) => value === undefined);
}

export function holdsPlace({ clusters, environments, namespaces }: Scope, of: Placed): boolean {
  return (
    (clusters === undefined || clusters.includes(of.cluster)) &&
    (environments === undefined || environments.includes(of.environment)) &&
    (namespaces === undefined || namespaces.includes(of.namespace))
  );
}

/** Whether all of this time lies in it. */
export function holdsTime({ fromMs, beforeMs }: Scope, from: number, to = from): boolean {
  return (fromMs === undefined || from >= fromMs) && (beforeMs === undefined || to < beforeMs);
}

/** The question as this reader may ask it. Of look-ups, only who may see everything sees those of others. */
export function scopedQuestion(question: Question, { scope, name, role }: Reader): Question {
  const more: Condition[] = [];
  const among = (field: string, values: readonly string[] | undefined) => {
    if (values !== undefined) more.push({ field, op: "in", value: values });
  };
  if (question.from === "lookups") {
    // The collector's own place is nobody's cluster: only whose they are counts.
    if (!isWhole(scope) || role === "viewer") more.push({ field: "reader", op: "eq", value: name });
  } else {
    among("cluster", scope.clusters);
    among("environment", scope.environments);
    among("namespace", scope.namespaces);
  }
  if (scope.fromMs !== undefined) more.push({ field: "time", op: "gte", value: scope.fromMs });
  if (scope.beforeMs !== undefined) more.push({ field: "time", op: "lt", value: scope.beforeMs });
  return { ...question, where: [...question.where, ...more] };
}

export type ScopedSelection =
  | { readonly ok: true; readonly selection: Selection }
  | { readonly ok: false; readonly error: string };

/** As far as the reader may see it: within the period, one place. */
export function scopedSelection(selection: Selection, scope: Scope): ScopedSelection {
  const one = (what: string, asked: string | undefined, allowed: readonly string[] | undefined) => {
    if (allowed === undefined) return { value: asked };
    if (asked !== undefined)
      return allowed.includes(asked) ? { value: asked } : { why: `${what}: yours are ${allowed.join(", ")}` };
    return allowed.length === 1 ? { value: allowed[0] } : { why: `${what}: name one of yours: ${allowed.join(", ")}` };
  };
  const cluster = one("cluster", selection.cluster, scope.clusters);
  const environment = one("environment", selection.environment, scope.environments);
  const namespace = one("namespace", selection.namespace, scope.namespaces);
  const why = [cluster, environment, namespace].flatMap((part) => ("why" in part ? [part.why] : []));
  if (why.length > 0) return { ok: false, error: why.join("; ") };
  const from = Math.max(selection.from ?? 0, scope.fromMs ?? 0);
  const to = Math.min(selection.to ?? Number.MAX_SAFE_INTEGER, (scope.beforeMs ?? Number.MAX_SAFE_INTEGER) - 1);
  return {
    ok: true,
    selection: {
      ...selection,
      ...valued("cluster", cluster),
      ...valued("environment", environment),
      ...valued("namespace", namespace),
      ...(from > 0 && { from }),
      ...(to < Number.MAX_SAFE_INTEGER - 1 && { to }),
    },
  };
}

function valued(name: string, part: { readonly value?: string | undefined; readonly why?: string }) {
  return part.value === undefined ? {} : { [name]: part.value };
}
