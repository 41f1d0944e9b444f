// Which rules bind one principal in one session on one database, before any statement is looked at. Cached while the answers of
// `when` stay the same; what a statement or the time can change is asked again each time.
import type { Principal } from "../principal/principal.ts";
import type { Facts } from "../sql/facts.ts";
import type { Answer, ConditionInput } from "./condition.ts";
import { principalInput, sessionInput, statementInput } from "./condition-input.ts";
import { type DatabaseRules, masksAnyOf, type PreparedPolicy, rulesOf } from "./database-rules.ts";
import { MaskRules } from "./mask-rules.ts";
import type { DatabaseName, Guard, Policy, PolicySet, SessionContext } from "./rules.ts";
import { isAnySubject } from "./subject.ts";

/** The rules of one mode that bind. */
export interface Binding {
  readonly policies: readonly PreparedPolicy[];
  /** null: no mask on this database concerns the principal. */
  readonly masks: MaskRules | null;
  readonly guards: readonly BoundGuard[];
}

export interface BoundGuard {
  readonly guard: Guard;
  readonly policy: PreparedPolicy;
}

export interface Bindings {
  readonly enforce: Binding;
  /** What Observe policies would add; null when none matches. */
  readonly observe: Binding | null;
}

export interface Asker {
  readonly set: PolicySet;
  readonly database: DatabaseName;
  readonly principal: Principal;
  readonly session: SessionContext;
}

/** What a condition may ask beside the session; what is absent makes an answer that needs it unknown. */
export interface Moment {
  readonly facts?: Facts;
  readonly nowMs?: number;
}

interface Cached {
  readonly rules: DatabaseRules;
  /** Policies whose subjects match. */
  readonly candidates: readonly PreparedPolicy[];
  /** Their answers, where no statement can change them. */
  readonly answers: readonly (Answer | null)[];
  readonly varies: boolean;
  readonly input: ConditionInput;
  /** By the answers of all candidates. */
  readonly bindings: Map<string, Bindings>;
}

const cache = new WeakMap<DatabaseRules, WeakMap<Principal, WeakMap<SessionContext, Cached>>>();
/** Combinations of answers that are kept for one session; more are computed anew each time. */
const combinationsMax = 64;

export function bindingsOf(asker: Asker, moment: Moment): Bindings {
  const cached = lastFor(asker);
  const answers = cached.varies ? answersAt(cached, moment) : (cached.answers as readonly Answer[]);
  const key = cached.varies ? answers.join() : "";
  const known = cached.bindings.get(key);
  if (known !== undefined) return known;
  const bindings = bind(cached.rules, cached.candidates, answers, asker.principal);
  if (cached.bindings.size < combinationsMax) cached.bindings.set(key, bindings);
  return bindings;
}

/** A session asks the same way again and again. */
const lately = new WeakMap<SessionContext, Asker & { readonly cached: Cached }>();

function lastFor({ set, database, principal, session }: Asker): Cached {
  const last = lately.get(session);
  if (last?.set === set && last.database === database && last.principal === principal) return last.cached;
  const cached = cachedFor(rulesOf(set, database), { set, database, principal, session });
  lately.set(session, { set, database, principal, session, cached });
  return cached;
}

function cachedFor(rules: DatabaseRules, asker: Asker): Cached {
  const principals = cache.get(rules) ?? new WeakMap<Principal, WeakMap<SessionContext, Cached>>();
  cache.set(rules, principals);
  const sessions = principals.get(asker.principal) ?? new WeakMap<SessionContext, Cached>();
  principals.set(asker.principal, sessions);
  let cached = sessions.get(asker.session);
  if (cached === undefined) {
    cached = candidatesFor(rules, asker);
    sessions.set(asker.session, cached);
  }
  return cached;
}

function candidatesFor(rules: DatabaseRules, asker: Asker): Cached {
  const input = { principal: principalInput(asker.principal), session: sessionInput(asker.session, asker.database) };
  const candidates = rules.policies.filter(
    ({ policy }) => policy.subjects.length === 0 || isAnySubject(policy.subjects, asker.principal),
  );
  const answers = candidates.map(({ condition }) =>
    condition === null ? "yes" : condition.varies ? null : condition.evaluate(input),
  );
  return { rules, candidates, answers, varies: answers.includes(null), input, bindings: new Map() };
}

function answersAt(cached: Cached, moment: Moment): readonly Answer[] {
  const statement = moment.facts === undefined ? {} : { statement: statementInput(moment.facts) };
  const now = moment.nowMs === undefined ? {} : { nowMs: moment.nowMs };
  const input: ConditionInput = { ...cached.input, ...statement, ...now };
  return cached.answers.map((answer, i) => answer ?? cached.candidates[i]!.condition!.evaluate(input));
}

function bind(
  rules: DatabaseRules,
  candidates: readonly PreparedPolicy[],
  answers: readonly Answer[],
  principal: Principal,
): Bindings {
  const matching = candidates.filter((_, i) => answers[i] !== "no");
  const sure = candidates.filter((_, i) => answers[i] === "yes");
  const enforced = matching.filter(({ observe }) => !observe);
  const observed = matching.filter(({ observe }) => observe);
  const exempting = (observe: boolean) =>
    sure
      .filter((each) => (observe || !each.observe) && isAnySubject(each.policy.exempt, principal))
      .map(({ policy }) => policy);
  return {
    enforce: bindingOf(enforced, exempting(false), rules.classes, false),
    observe: observed.length === 0 ? null : bindingOf(observed, exempting(true), rules.observedClasses, true),
  };
}

function bindingOf(
  policies: readonly PreparedPolicy[],
  exempting: readonly Policy[],
  classes: readonly string[],
  observe: boolean,
): Binding {
  const bound = policies.filter(({ policy }) => !exempting.some((by) => spares(by, policy)));
  const masking = bound.filter(({ policy }) => masksAnyOf(policy, classes));
  return {
    policies,
    masks: masking.length === 0 ? null : new MaskRules(masking, bound, classes, observe),
    guards: policies.flatMap((policy) => policy.policy.guards.map((guard) => ({ guard, policy }))),
  };
}

/** An exemption reaches the masks of its own scope and of the scope below. */
function spares(by: Policy, policy: Policy): boolean {
  return by.scope === "Cluster" || policy.scope === "Namespace";
}
