// Resources to the plain data that `policy` decides with: selectors resolved, everything sorted, the version taken of the content.
import { createHash } from "node:crypto";
import { needsKey } from "../policy/method-parameters.ts";
import type { GovernedDatabase, Policy, PolicySet } from "../policy/rules.ts";
import { fromObjects, type Parsed, type ParseOptions, parseResources, type ResourceFile } from "./parse-resources.ts";
import { compare, hasErrors, inOrder, type Problem } from "./problem.ts";
import { isNamed, NAME_LABEL, reaches } from "./reached-namespaces.ts";
import { type PolicyResource, problemAt, type Resource } from "./resource.ts";
import { keysOf } from "./selector.ts";

export interface CompileOptions {
  /** Whether there is a master key for Token and other keyed methods. */
  readonly maskKey: boolean;
  /** Labels by namespace, for `namespaceSelector`. */
  readonly namespaceLabels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Compiled {
  /** To be used only when no problem is an error. */
  readonly set: PolicySet;
  readonly problems: readonly Problem[];
}

/** The label that Kubernetes itself gives to every namespace. */

export function compile(resources: readonly Resource[], options: CompileOptions): Compiled {
  const databases = resources
    .flatMap((each) => (each.kind === "GovernedDatabase" ? [each.database] : []))
    .sort(byDatabase);
  const sources = resources.filter((each) => each.kind !== "GovernedDatabase");
  const problems = sources.flatMap((policy) => [
    ...missingKeys(policy, options),
    ...missingLabels(policy, databases, options),
  ]);
  const policies = sources
    .map((policy) => policyOf(policy, databases, options))
    .sort((left, right) => compare(left.name, right.name));
  return { set: policySetOf(databases, policies), problems: inOrder(problems) };
}

/** Files to a set in one step; `set` is null when any problem is an error. */
export function loadPolicySet(
  files: readonly ResourceFile[],
  options: CompileOptions & ParseOptions,
): { readonly set: PolicySet | null; readonly problems: readonly Problem[] } {
  return load(parseResources(files, options), options);
}

/** The same for objects as the API server has them. */
export function loadObjects(
  objects: readonly unknown[],
  options: CompileOptions & ParseOptions,
): ReturnType<typeof loadPolicySet> {
  return load(fromObjects(objects, options), options);
}

function load(parsed: Parsed, options: CompileOptions): ReturnType<typeof loadPolicySet> {
  const compiled = compile(parsed.resources, options);
  const problems = inOrder([...parsed.problems, ...compiled.problems]);
  return { set: hasErrors(problems) ? null : compiled.set, problems };
}

function policyOf(policy: PolicyResource, databases: readonly GovernedDatabase[], options: CompileOptions): Policy {
  const { functions, guard, ...spec } = policy.spec;
  return {
    ...spec,
    name: policy.name,
    scope: policy.namespace === null ? "Cluster" : "Namespace",
    namespaces: policy.namespace === null ? selectedNamespaces(policy, databases, options) : [policy.namespace],
    safeFunctions: functions.safe,
    guards: guard,
  };
}

function selectedNamespaces(
  policy: PolicyResource,
  databases: readonly GovernedDatabase[],
  options: CompileOptions,
): readonly string[] | null {
  if (policy.namespaceSelector === null && policy.namespaceNames === null) return null;
  const names = new Set([
    ...databases.map(({ namespace }) => namespace),
    ...Object.keys(options.namespaceLabels ?? {}),
  ]);
  return [...names].filter((name) => reaches(policy, name, labelsOf(name, options))).sort(compare);
}

function labelsOf(
  namespace: string,
  { namespaceLabels = {} }: CompileOptions,
): Readonly<Record<string, string>> | undefined {
  return Object.hasOwn(namespaceLabels, namespace) ? namespaceLabels[namespace] : undefined;
}

/** Labels that are not known are not "no labels": a policy that might reach a database must not be lost in silence. */
function missingLabels(
  { namespaceSelector, namespaceNames, source }: PolicyResource,
  databases: readonly GovernedDatabase[],
  options: CompileOptions,
): readonly Problem[] {
  if (namespaceSelector === null || keysOf(namespaceSelector).every((key) => key === NAME_LABEL)) return [];
  const unknown = [...new Set(databases.map(({ namespace }) => namespace))].filter(
    (name) => labelsOf(name, options) === undefined && !isNamed(namespaceNames, name),
  );
  return unknown.map((name) =>
    problemAt(
      source,
      ["spec", "namespaceSelector"],
      `the labels of namespace ${name} are not known`,
      `configure them, or select by ${NAME_LABEL} or namespaceNames`,
    ),
  );
}

function missingKeys({ spec, source }: PolicyResource, { maskKey }: CompileOptions): readonly Problem[] {
  if (maskKey) return [];
  return spec.mask.flatMap(({ method }, i) =>
    needsKey(method)
      ? [
          problemAt(
            source,
            ["spec", "mask", i, "method"],
            `${method} needs a mask key and there is none`,
            "configure a file with the mask key, or use a method without one, such as Redact",
          ),
        ]
      : [],
  );
}

function byDatabase(left: GovernedDatabase, right: GovernedDatabase): number {
  return compare(left.namespace, right.namespace) || compare(left.name, right.name);
}

/** SHA-256 over the content with sorted keys, 16 bytes as hex. */
export function policySetOf(databases: PolicySet["databases"], policies: PolicySet["policies"]): PolicySet {
  return { version: versionOf({ databases, policies }), databases, policies };
}

function versionOf(content: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(content)))
    .digest("hex")
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => compare(left, right))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
