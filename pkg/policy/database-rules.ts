// The policies of a set that concern one database, prepared once per set: sorted, conditions compiled, names made comparable.
import { type Condition, compileCondition } from "./condition.ts";
import { functionKey } from "./function-key.ts";
import { matchesGlob } from "./glob.ts";
import type { DatabaseName, Policy, PolicySet } from "./rules.ts";
import { compare } from "./strictness.ts";

export interface PreparedPolicy {
  readonly policy: Policy;
  readonly condition: Condition | null;
  readonly safeFunctions: ReadonlySet<string>;
  readonly observe: boolean;
}

export interface DatabaseRules {
  /** By name, so that nothing depends on the order of files. */
  readonly policies: readonly PreparedPolicy[];
  /** Classes that Enforce policies give to columns of this database. */
  readonly classes: readonly string[];
  /** The same with those of Observe policies. */
  readonly observedClasses: readonly string[];
}

/** A condition that does not compile cannot be evaluated, so its policy applies. `resources` reports it long before. */
const neverKnown: Condition = { varies: false, evaluate: () => "unknown" };

const prepared = new WeakMap<PolicySet, Map<string, DatabaseRules>>();
/** Databases of one set that are kept prepared; the names come from configuration, not from clients. */
const databasesMax = 1000;

export function rulesOf(set: PolicySet, database: DatabaseName): DatabaseRules {
  let databases = prepared.get(set);
  if (databases === undefined) {
    databases = new Map();
    prepared.set(set, databases);
  }
  const key = `${database.namespace}/${database.name}`;
  let rules = databases.get(key);
  if (rules === undefined) {
    rules = prepare(set, database);
    if (databases.size < databasesMax) databases.set(key, rules);
  }
  return rules;
}

/** Whether `policy` reaches a database, whoever asks. */
export function reaches(policy: Policy, database: DatabaseName): boolean {
  const { namespaces, databases } = policy;
  return (
    (namespaces === null || namespaces.includes(database.namespace)) &&
    (databases === null || databases.includes(database.name))
  );
}

/** Whether a mask rule of `policy` names one of `classes`. */
export function masksAnyOf(policy: Policy, classes: readonly string[]): boolean {
  return policy.mask.some((rule) => rule.classes.some((pattern) => classes.some((name) => matchesGlob(pattern, name))));
}

function prepare(set: PolicySet, database: DatabaseName): DatabaseRules {
  const policies = set.policies
    .filter((policy) => reaches(policy, database))
    .sort((left, right) => compare(left.name, right.name))
    .map(preparePolicy);
  return {
    policies,
    classes: classesOf(policies.filter(({ observe }) => !observe)),
    observedClasses: classesOf(policies),
  };
}

function preparePolicy(policy: Policy): PreparedPolicy {
  const compiled = policy.when === null ? null : compileCondition(policy.when);
  return {
    policy,
    condition: compiled === null ? null : compiled.ok ? compiled.condition : neverKnown,
    safeFunctions: new Set(policy.safeFunctions.map(functionKey)),
    observe: policy.mode === "Observe",
  };
}

function classesOf(policies: readonly PreparedPolicy[]): readonly string[] {
  return [...new Set(policies.flatMap(({ policy }) => policy.classify.map((entry) => entry.class)))].sort(compare);
}
