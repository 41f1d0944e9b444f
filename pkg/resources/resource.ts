// The typed resources, as they come out of YAML or Kubernetes objects, still with their documents for later problems.
import type {
  Approval,
  Budget,
  ClassifyEntry,
  Detector,
  GovernedDatabase,
  Guard,
  LabelSelector,
  Lifting,
  MaskRule,
  Policy,
  PredicateRule,
  Subject,
} from "../policy/rules.ts";
import type { Problem } from "./problem.ts";
import { type PathStep, pathText, placeAt, type Tree } from "./tree.ts";

export const API_VERSION = "weir.dev/v1alpha1";

/** Where a resource was written. */
export interface Source {
  readonly file: string;
  readonly tree: Tree;
}

export interface DatabaseResource {
  readonly kind: "GovernedDatabase";
  readonly database: GovernedDatabase;
  readonly source: Source;
}

export interface PolicyResource {
  readonly kind: "DataPolicy" | "ClusterDataPolicy";
  /** `namespace/name`, or `name` of a ClusterDataPolicy. */
  readonly name: string;
  /** null of a ClusterDataPolicy. */
  readonly namespace: string | null;
  readonly spec: PolicySpec;
  /** Namespaces of a ClusterDataPolicy; both null for all. */
  readonly namespaceSelector: LabelSelector | null;
  readonly namespaceNames: readonly string[] | null;
  readonly source: Source;
}

export type Resource = DatabaseResource | PolicyResource;

/** `spec` of DataPolicy and ClusterDataPolicy (docs/design.md section 8), with what it leaves out filled in. */
export interface PolicySpec {
  readonly databases: readonly string[] | null;
  readonly mode: "Enforce" | "Observe";
  readonly subjects: readonly Subject[];
  readonly when: string | null;
  readonly classify: readonly ClassifyEntry[];
  readonly mask: readonly MaskRule[];
  readonly exempt: readonly Subject[];
  readonly functions: { readonly safe: readonly string[] };
  readonly predicates: PredicateRule | null;
  readonly whereNothingMatches: Lifting;
  readonly guard: readonly Guard[];
  readonly budgets: readonly Budget[];
  readonly approval: Approval | null;
  readonly detect: readonly Detector[];
  readonly audit: Policy["audit"];
  readonly onStale: Policy["onStale"];
}

/** A problem with the field at `path` of a resource. */
export function problemAt(
  source: Source,
  path: readonly PathStep[],
  message: string,
  remedy: string,
  severity: Problem["severity"] = "error",
): Problem {
  return { severity, file: source.file, ...placeAt(source.tree, path), path: pathText(path), message, remedy };
}
