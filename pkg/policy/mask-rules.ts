// How each class is hidden from one principal: the masks of all policies that bind, joined to the strictest.
import type { ClassBook, ColumnClass, StoredColumn } from "./class-book.ts";
import type { PreparedPolicy } from "./database-rules.ts";
import type { MaskMethod, RuleRef } from "./decision.ts";
import { matchesGlob, specificity } from "./glob.ts";
import { liftingOf } from "./lifting.ts";
import type { Lifting, MaskRule, Policy, PredicateRule } from "./rules.ts";

/** One class of a column with what hides it. `path` is empty for the whole column. */
export interface Protected {
  readonly class: string;
  readonly path: readonly string[];
  /** Of every policy that hides this class; at least one. */
  readonly methods: readonly MaskMethod[];
  readonly predicates: PredicateRule;
  /** Policies that give the class. */
  readonly givenBy: readonly string[];
}

const predicateOrder: readonly PredicateRule[] = ["Allow", "AllowEquality", "Deny"];
const nothing: readonly Protected[] = [];

/** Masks of one principal. `masking` have mask rules for classes of this database; `bound` are all that are not spared. */
export class MaskRules {
  /** Names a rule where no single class is to blame. */
  readonly rule: RuleRef;
  readonly masking: readonly PreparedPolicy[];
  /** What they do where no column of the database has a class. */
  readonly lifting: Lifting;
  readonly #bound: readonly PreparedPolicy[];
  readonly #classes: readonly string[];
  readonly #observe: boolean;
  readonly #methods = new Map<string, readonly MaskMethod[]>();
  readonly #columns = new WeakMap<readonly ColumnClass[], readonly Protected[]>();

  constructor(
    masking: readonly PreparedPolicy[],
    bound: readonly PreparedPolicy[],
    classes: readonly string[],
    observe: boolean,
  ) {
    this.masking = masking;
    this.lifting = liftingOf(masking);
    this.rule = { policy: masking[0]!.policy.name, rule: "mask" };
    this.#bound = bound;
    this.#classes = classes;
    this.#observe = observe;
  }

  /** What hides a column; empty: it is clear for this principal. */
  protectionOf(book: ClassBook, column: StoredColumn): readonly Protected[] {
    const classes = book.classesOf(column);
    return classes.length === 0 ? nothing : this.#protection(classes);
  }

  protectionIn(book: ClassBook, relation: number): readonly Protected[] {
    const classes = book.classesIn(relation);
    return classes.length === 0 ? nothing : this.#protection(classes);
  }

  #protection(classes: readonly ColumnClass[]): readonly Protected[] {
    let known = this.#columns.get(classes);
    if (known === undefined) {
      known = this.#compute(classes);
      this.#columns.set(classes, known);
    }
    return known;
  }

  #compute(classes: readonly ColumnClass[]): readonly Protected[] {
    return classes.flatMap(({ class: name, path = [], observeOnly, policies }) => {
      const methods = observeOnly && !this.#observe ? [] : this.methodsFor(name);
      if (methods.length === 0) return [];
      return [{ class: name, path, methods, predicates: this.#predicatesFor(name), givenBy: policies }];
    });
  }

  /** Methods of every binding policy for a class; several of one policy only where its patterns are equally specific. */
  methodsFor(name: string): readonly MaskMethod[] {
    let methods = this.#methods.get(name);
    if (methods === undefined) {
      methods = this.masking.flatMap(({ policy }) =>
        mostSpecific(policy, name).map((rule) => methodOf(rule, name, policy)),
      );
      if (this.#classes.includes(name)) this.#methods.set(name, methods);
    }
    return methods;
  }

  /** The strictest of the policies that hide the class, and of those that say so without masks of their own. */
  #predicatesFor(name: string): PredicateRule {
    const said = this.#bound.flatMap(({ policy }): PredicateRule[] => {
      if (mostSpecific(policy, name).length > 0) return [policy.predicates ?? "Deny"];
      return policy.mask.length === 0 && policy.predicates !== null ? [policy.predicates] : [];
    });
    return said.reduce(
      (left, right) => (predicateOrder.indexOf(left) > predicateOrder.indexOf(right) ? left : right),
      "Allow",
    );
  }

  /** Policies among the masking ones that do not vouch for a function. */
  notVouching(functionName: string): readonly PreparedPolicy[] {
    return this.masking.filter((policy) => !policy.safeFunctions.has(functionName));
  }
}

function mostSpecific(policy: Policy, name: string): readonly MaskRule[] {
  let best = -1;
  let rules: MaskRule[] = [];
  for (const rule of policy.mask) {
    for (const pattern of rule.classes) {
      if (!matchesGlob(pattern, name)) continue;
      const rank = specificity(pattern);
      if (rank > best) rules = [];
      if (rank >= best && !rules.includes(rule)) rules.push(rule);
      best = Math.max(best, rank);
    }
  }
  return rules;
}

function methodOf(rule: MaskRule, name: string, policy: Policy): MaskMethod {
  return {
    method: rule.method,
    parameters: rule.parameters,
    class: name,
    keyName: name,
    rule: { policy: policy.name, rule: "mask" },
  };
}
