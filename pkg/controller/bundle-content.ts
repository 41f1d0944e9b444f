// The resources of one namespace to what its bundle holds, with a verdict on each. Pure. A resource with errors never simply vanishes:
// its last good version stays in the bundle, because a rule that a typo takes away would open what it closed.
import type { BundleResource } from "../bundle/bundle.ts";
import { type KubeObject, keyOf } from "../kube/object.ts";
import { compile } from "../resources/compile.ts";
import { fromObjects } from "../resources/parse-resources.ts";
import { compare, formatProblem, hasErrors, type Problem } from "../resources/problem.ts";
import { API_VERSION, type PolicyResource } from "../resources/resource.ts";
import { selects } from "../resources/selector.ts";

export interface ContentInput {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** GovernedDatabases and DataPolicies of the namespace, and all ClusterDataPolicies. */
  readonly objects: readonly KubeObject[];
  /** The version of a resource that was good last, by `resourceKey`. */
  lastGood(key: string): BundleResource | undefined;
}

export interface Verdict {
  /** `specVersion` of what was looked at. */
  readonly of: string;
  readonly accepted: boolean;
  readonly problems: readonly Problem[];
  /** Names in `databases` that lead nowhere. */
  readonly missing: readonly string[];
  /** How many of the bundle's databases a policy reaches, or how many policies reach a database. */
  readonly reach: number;
  /** What the bundle holds of it. */
  readonly inForce: "this" | "earlier" | "none";
}

export interface Content {
  readonly resources: readonly BundleResource[];
  /** By `resourceKey`; only ClusterDataPolicies that concern this namespace are among them. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** `Kind namespace/name`. */
export function resourceKey(resource: KubeObject | BundleResource): string {
  return `${resource.kind} ${keyOf(resource as KubeObject)}`;
}

/** Another one for another spec, also of an object that was deleted and made anew. */
export function specVersion({ metadata: { uid, generation } }: KubeObject): string {
  return `${uid} ${generation}`;
}

/** Without what the API server added and without status. */
export function bundleResource({ kind, metadata: { name, namespace }, spec }: KubeObject): BundleResource {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion: API_VERSION, kind: String(kind), metadata, spec };
}

export function bundleContent(input: ContentInput): Content {
  const verdicts = new Map<string, Verdict>();
  const chosen = [...input.objects].sort(byKey).flatMap((object) => {
    const key = resourceKey(object);
    const given = bundleResource(object);
    const seen = judgeAlone(given);
    if (seen.policy !== undefined && !concerns(seen.policy, input)) return [];
    const earlier = seen.errors ? input.lastGood(key) : undefined;
    const used = seen.errors ? earlier : given;
    const inForce = used === undefined ? "none" : seen.errors ? "earlier" : "this";
    // A broken ClusterDataPolicy that nobody has a good version of concerns whoever looks.
    if (used !== undefined && seen.errors && !concernsAsKept(used, input)) return [];
    verdicts.set(key, {
      of: specVersion(object),
      accepted: !seen.errors,
      problems: seen.problems,
      missing: [],
      reach: 0,
      inForce,
    });
    return used === undefined ? [] : [used];
  });
  return withDatabases(chosen, verdicts);
}

interface Alone {
  readonly problems: readonly Problem[];
  readonly errors: boolean;
  /** Absent when it cannot be read. */
  readonly policy: PolicyResource | undefined;
}

/** One resource by itself; what only shows beside others (databases that are missing) is not an error of it. */
export function judgeAlone(resource: BundleResource): Alone {
  const parsed = fromObjects([withoutDatabases(resource)], options(resource));
  const namespaceLabels = { [options(resource).namespace]: {} };
  const compiled = compile(parsed.resources, { maskKey: true, namespaceLabels });
  const problems = [...parsed.problems, ...compiled.problems, ...databasesProblems(resource)].filter(worthTelling);
  const policy = parsed.resources.find((each) => each.kind !== "GovernedDatabase");
  return { problems, errors: hasErrors(problems), policy };
}

/** That nobody gives a class to a column is judged where all policies are seen. */
function worthTelling({ severity, message }: Problem): boolean {
  return severity === "error" || !message.startsWith("no policy gives class");
}

function options({ metadata }: BundleResource) {
  return { namespace: metadata.namespace ?? "default" };
}

/** `databases` is looked at apart, because the others may come later. */
function withoutDatabases(resource: BundleResource): BundleResource {
  const names = databasesOf(resource);
  if (names === null || resource.kind === "GovernedDatabase") return resource;
  const { databases: _, ...spec } = resource.spec as Record<string, unknown>;
  return { ...resource, spec };
}

/** Names in `spec.databases` when they are a list of texts; null otherwise, and then `withoutDatabases` leaves the field to be told. */
function databasesOf({ spec }: BundleResource): readonly string[] | null {
  const names = (spec as { databases?: unknown } | null | undefined)?.databases;
  return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : null;
}

/** What the decoder says of the list itself, such as of an empty one. */
function databasesProblems(resource: BundleResource): readonly Problem[] {
  const names = databasesOf(resource);
  if (names === null || resource.kind === "GovernedDatabase") return [];
  const parsed = fromObjects([resource], options(resource)).problems;
  return parsed.filter(({ path, message }) => path.startsWith("spec.databases") && !message.startsWith("there is no"));
}

function concerns({ kind, namespaceSelector }: PolicyResource, { labels, namespace }: ContentInput): boolean {
  if (kind === "DataPolicy" || namespaceSelector === null) return true;
  return selects(namespaceSelector, { ...labels, "kubernetes.io/metadata.name": namespace });
}

function concernsAsKept(resource: BundleResource, input: ContentInput): boolean {
  const { policy } = judgeAlone(resource);
  return policy === undefined || concerns(policy, input);
}

/** Policies name only databases that the bundle has; one whose databases are all missing governs nothing here and is left out. */
function withDatabases(chosen: readonly BundleResource[], verdicts: Map<string, Verdict>): Content {
  const known = new Set(chosen.filter(({ kind }) => kind === "GovernedDatabase").map(({ metadata }) => metadata.name));
  const reaches = new Map<string, number>();
  const resources = chosen.flatMap((resource) => {
    if (resource.kind === "GovernedDatabase") return [resource];
    const names = databasesOf(resource) ?? [...known];
    const databases = names.filter((name) => known.has(name));
    const missing = names.filter((name) => !known.has(name));
    const key = resourceKey(resource);
    verdicts.set(key, { ...verdicts.get(key)!, missing, reach: databases.length });
    for (const name of databases) reaches.set(name, (reaches.get(name) ?? 0) + 1);
    if (missing.length === 0) return [resource];
    return databases.length === 0 ? [] : [{ ...resource, spec: { ...(resource.spec as object), databases } }];
  });
  for (const resource of chosen.filter(({ kind }) => kind === "GovernedDatabase")) {
    const key = resourceKey(resource);
    verdicts.set(key, { ...verdicts.get(key)!, reach: reaches.get(resource.metadata.name) ?? 0 });
  }
  return { resources, verdicts };
}

/** Errors of the whole, which a sidecar would refuse too; empty as a rule. */
export function problemsTogether(
  resources: readonly BundleResource[],
  namespace: string,
  labels: Readonly<Record<string, string>>,
): readonly string[] {
  const parsed = fromObjects(resources, { namespace });
  const compiled = compile(parsed.resources, { maskKey: true, namespaceLabels: { [namespace]: labels } });
  return [...parsed.problems, ...compiled.problems].filter(({ severity }) => severity === "error").map(formatProblem);
}

function byKey(left: KubeObject, right: KubeObject): number {
  return compare(resourceKey(left), resourceKey(right));
}
