// `spec` of DataPolicy and ClusterDataPolicy.
import { compileCondition } from "../policy/condition.ts";
import type { Approval, Budget, Guard } from "../policy/rules.ts";
import { hint } from "../runtime/closest.ts";
import { classifyEntry } from "./classify.ts";
import {
  checked,
  choice,
  type Decoder,
  duration,
  integer,
  list,
  matching,
  optional,
  record,
  report,
  required,
  textOf,
} from "./decode.ts";
import { guard } from "./guard.ts";
import { maskRule } from "./mask.ts";
import { dottedName } from "./metadata.ts";
import { namespacePattern } from "./reached-namespaces.ts";
import type { PolicySpec } from "./resource.ts";
import { labelSelector } from "./selector.ts";
import { subject } from "./subject.ts";

const unsupported = "Not supported by this version: a policy that uses it is not accepted.";

const condition: Decoder<string> = checked(textOf(2000), (value, context, tree) => {
  const compiled = compileCondition(value);
  if (compiled.ok) return value;
  const near = compiled.word === undefined ? "" : hint(compiled.word, compiled.known ?? []);
  const known =
    compiled.known === undefined || compiled.known.length === 0 ? "" : `; there are ${compiled.known.join(", ")}`;
  const remedy =
    near === "" ? `write a CEL expression over principal, session, statement and now${known}` : near.replace(/^; /, "");
  return report(context, tree.at, compiled.problem, remedy);
});

const safeFunction = matching(
  /^[^\s.()]+[.][^\s()]+([(].*[)])?$/,
  1024,
  "is not a function",
  "write schema.name(argument types), such as public.full_name(bigint)",
);

const amount = integer(0, Number.MAX_SAFE_INTEGER);
const budget: Decoder<Budget> = checked(
  record({
    per: required(
      choice("Principal"),
      "per says whose use is added up. Principal: everyone's own, over all their connections.",
    ),
    window: required(duration, "window is the time over which it is added up. Example: 1h."),
    rows: optional(amount, null, "rows is how many rows may be read and written in that time. Example: 50000."),
    protectedCells: optional(
      amount,
      null,
      "protectedCells is how many values of classified columns may be read in that time. Example: 1000.",
    ),
    action: required(
      choice("Deny", "RequireApproval", "Warn"),
      "action is what happens above it. Deny: further statements are refused. RequireApproval: they are held until the groups of approval agree. Warn: they run with a WARNING.",
    ),
  }),
  ({ window, ...rest }) => ({ ...rest, windowSeconds: window }),
);

const approval: Decoder<Approval> = checked(
  record({
    groups: required(
      list(textOf(253), { min: 1, max: 32 }),
      "groups are whose members may agree. Example: [data-owners].",
    ),
    count: optional(integer(1, 10), 1, "count is how many of them must agree. Default: 1."),
    validFor: optional(duration, 900, "validFor is how long a grant may be used. Default: 15m.", "15m"),
    waitUpTo: optional(
      duration,
      60,
      "waitUpTo is how long the client waits for an answer before its statement is refused with the number of the request. Default: 60s.",
      "60s",
    ),
  }),
  ({ groups, count, validFor, waitUpTo }) => ({ groups, count, validForSeconds: validFor, waitUpToSeconds: waitUpTo }),
);

const staleRule = checked(
  record({
    after: required(
      duration,
      "after is how old the policies in force may become while no newer ones can be had. Example: 1h.",
    ),
    action: required(
      choice("Continue", "DenyWrites", "Deny"),
      "action is what happens then. Continue: the last good policies stay in force. DenyWrites: only reading goes on. Deny: nothing goes on.",
    ),
  }),
  ({ after, action }) => ({ afterSeconds: after, action }),
);

const audit = record({
  onFailure: optional(
    choice("Deny", "Allow"),
    null,
    "onFailure says what happens to statements while no record can be kept. Deny: they are refused. Allow: they run unrecorded. " +
      "When nothing is said, those that touch a class are refused and the others run.",
  ),
  durability: optional(
    choice("Process", "Node"),
    "Process",
    "durability says what a record survives before its statement runs. Process: the end of the sidecar. " +
      "Node: also that of the machine, at the price of a write to disk per statement. Default: Process.",
  ),
});

const noFunctions: { readonly safe: readonly string[] } = { safe: [] };

const functions = record({
  safe: optional(
    list(safeFunction),
    [] as readonly string[],
    "safe are functions that the owner vouches for: what they do is what their arguments say. " +
      'Written schema.name(argument types). Example: ["public.full_name(bigint)"].',
  ),
});

const defaultAudit: PolicySpec["audit"] = { onFailure: null, durability: "Process" };

const specFields = {
  databases: optional(
    list(dottedName, { min: 1, max: 100 }),
    null,
    "databases are names of GovernedDatabases: of the policy's namespace, or of a ClusterDataPolicy in any namespace that it reaches. " +
      "When not given, all of them. Example: [orders].",
  ),
  mode: optional(
    choice("Enforce", "Observe"),
    "Enforce",
    "mode says whether the policy acts. Enforce: it does. Observe: it is decided and recorded what would happen, and nothing is changed. Default: Enforce.",
  ),
  subjects: optional(
    list(subject, { max: 100 }),
    [],
    "subjects say whom the policy is about: a subject matches when all its fields do, and one that matches is enough. " +
      "When not given, everyone. Example: [{kinds: [Agent, Human], notGroups: [privacy-office]}].",
  ),
  when: optional(
    condition,
    null,
    "when is a condition in CEL over principal, session (environment, cluster, namespace, database, application, clientAddress), " +
      "statement (kind, effects, relations, functions, understood) and now; where it is false the policy does not apply, " +
      "where it cannot be evaluated it does. Example: \"!session.environment.startsWith('test')\".",
  ),
  classify: optional(
    list(classifyEntry),
    [],
    "classify says which columns hold what, for masks and records to name. A class holds for every policy that reaches the database. " +
      'Example: [{columns: ["public.customers.email"], class: PII.EMAIL}].',
  ),
  mask: optional(
    list(maskRule, { max: 200 }),
    [],
    "mask says how the values of classes are hidden from the policy's subjects. Within one policy the most specific class pattern decides; " +
      'of several policies the stricter method wins. Example: [{classes: ["PII.EMAIL"], method: Partial}, {classes: ["PII.*"], method: Token}].',
  ),
  exempt: optional(
    list(subject, { max: 100 }),
    [],
    "exempt are subjects that this policy's masks spare; of a ClusterDataPolicy, those of DataPolicies too. It is the only field that loosens anything. " +
      "Example: [{groups: [break-glass], kinds: [Human]}].",
  ),
  functions: optional(
    functions,
    noFunctions,
    "functions vouches for code that cannot be analysed, which is otherwise not called under a mask or a guard.",
  ),
  predicates: optional(
    choice("Deny", "AllowEquality", "Allow"),
    null,
    "predicates says whether masked columns may steer a result, in WHERE, ORDER BY, joins and the like: what cannot be seen could else be guessed. " +
      "Deny: never. AllowEquality: one equality with a value. Allow: always. When nothing is said, Deny for the policy's own masks.",
  ),
  whereNothingMatches: optional(
    choice("Refuse", "AllowConfined", "Allow"),
    "Refuse",
    "whereNothingMatches says what the policy's masks do in a database in which no column has a class. Refuse: code that cannot be analysed and the like are refused there, too. " +
      "Allow: everything runs, for as long as the server says in front of each statement that nothing is protected. AllowConfined: so it does for logins that have no rights beyond that database, " +
      "but for what reaches files, networks or other sessions by itself. Code that is running while a protected table is made can read it, so this is for test and build databases. Example: Allow.",
  ),
  guard: optional(
    guards(),
    [],
    "guard says what statements may not do. All guards of all policies that match apply; their order does not matter. " +
      "Example: [{name: bounded-writes, effects: [Update, Delete], filter: Missing, action: Deny}].",
  ),
  budgets: optional(
    list(budget, { max: 16 }),
    [],
    `budgets limit how much one principal may take in a time. Example: [{per: Principal, window: 1h, rows: 50000, action: Deny}]. ${unsupported}`,
  ),
  approval: optional(
    approval,
    null,
    "approval says who may agree to what RequireApproval holds, and for how long. Example: {groups: [data-owners], validFor: 15m}.",
  ),
  detect: optional(
    list(choice("Email", "PaymentCard", "Secrets"), { max: 3 }),
    [],
    "detect names what unclassified texts in results are searched for. Email: e-mail addresses. PaymentCard: card numbers with a right check digit. " +
      `Secrets: keys and tokens. ${unsupported}`,
  ),
  audit: optional(
    audit,
    defaultAudit,
    "audit says how sure the record of a statement must be before the statement runs. Example: {onFailure: Deny, durability: Node}.",
  ),
  onStale: optional(
    staleRule,
    null,
    "onStale says what happens when the policies in force cannot be renewed for long. When not given, they stay in force. Example: {after: 1h, action: DenyWrites}.",
  ),
};

/** Names are a guard's own, so server-side apply may merge by them. */
function guards(): Decoder<readonly Guard[]> {
  return checked(list(guard, { max: 200 }), (value) => value, {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  });
}

export const policySpec: Decoder<PolicySpec> = record(specFields);

export const clusterPolicySpec = record({
  namespaceSelector: optional(
    labelSelector,
    null,
    "namespaceSelector names the namespaces that the policy reaches, by their labels. When neither it nor namespaceNames is given, all. Example: {matchLabels: {stage: production}}.",
  ),
  namespaceNames: optional(
    list(namespacePattern, { min: 1, max: 100 }),
    null,
    "namespaceNames names the namespaces that the policy reaches, beside those that namespaceSelector matches. Whoever may edit a namespace may change its labels, but never its name. " +
      "An asterisk stands for any characters. Example: [shop, prod-*].",
  ),
  ...specFields,
});
