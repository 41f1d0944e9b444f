// The resources of one namespace to what its bundle holds, with a verdict on each. Pure. A resource with errors never simply vanishes:
// its last good version stays in the bundle, because a rule that a typo takes away would open what it closed.
import type { BundleResource } from "../bundle/bundle.ts";
import type { KubeObject } from "../kube/object.ts";
import { compile } from "../resources/compile.ts";
import { fromObjects } from "../resources/parse-resources.ts";
import { compare, formatProblem, hasErrors, type Problem } from "../resources/problem.ts";
import { reaches } from "../resources/reached-namespaces.ts";
import { API_VERSION, type PolicyResource } from "../resources/resource.ts";
import { withDatabases } from "./reach.ts";
import { databasesOf, resourceKey } from "./resource-key.ts";

export interface ContentInput {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Such as cluster.local. */
  readonly clusterDomain: string;
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
  /** Databases that a policy closes because no version of it was ever good, and why; by name. */
  readonly closed: Readonly<Record<string, string>>;
  /** By `resourceKey`; only ClusterDataPolicies that concern this namespace are among them. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
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
  const neverGood: BundleResource[] = [];
  const chosen = [...input.objects].sort(byKey).flatMap((object) => {
    const key = resourceKey(object);
    const given = bundleResource(object);
    const seen = judgeAlone(given);
    if (!seen.errors && seen.policy !== undefined && !concerns(seen.policy, input)) return [];
    const earlier = seen.errors ? input.lastGood(key) : undefined;
    const used = seen.errors ? earlier : given;
    const inForce = used === undefined ? "none" : seen.errors ? "earlier" : "this";
    if (seen.errors && !concernsAnyhow(used ?? given, input)) return [];
    verdicts.set(key, {
      of: specVersion(object),
      accepted: !seen.errors,
      problems: seen.problems,
      missing: [],
      reach: 0,
      inForce,
    });
    if (used === undefined) neverGood.push(given);
    return used === undefined ? [] : [used];
  });
  return withDatabases({ chosen, neverGood, verdicts, clusterDomain: input.clusterDomain });
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

/** What the decoder says of the list itself, such as of an empty one. */
function databasesProblems(resource: BundleResource): readonly Problem[] {
  const names = databasesOf(resource);
  if (names === null || resource.kind === "GovernedDatabase") return [];
  const parsed = fromObjects([resource], options(resource)).problems;
  return parsed.filter(({ path, message }) => path.startsWith("spec.databases") && !message.startsWith("there is no"));
}

function concerns(policy: PolicyResource, { labels, namespace }: ContentInput): boolean {
  return policy.kind === "DataPolicy" || reaches(policy, namespace, labels);
}

/** Of a version with errors what it says of namespaces; where that cannot be read it concerns whoever looks. */
function concernsAnyhow({ kind, metadata, spec, ...rest }: BundleResource, input: ContentInput): boolean {
  if (kind !== "ClusterDataPolicy") return true;
  const { namespaceSelector, namespaceNames } = (spec ?? {}) as Readonly<Record<string, unknown>>;
  const only = {
    ...(namespaceSelector !== undefined && { namespaceSelector }),
    ...(namespaceNames !== undefined && { namespaceNames }),
  };
  const { policy, errors } = judgeAlone({ ...rest, kind, metadata, spec: only });
  return policy === undefined || errors || concerns(policy, input);
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
