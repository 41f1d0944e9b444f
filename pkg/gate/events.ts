// Audit events out of judged statements and finished runs. No literal enters here: text is normalised or a keyed digest.
import type { DecisionEvent, OutcomeEvent, OutcomeStatus, StatementText } from "../audit/event.ts";
import type { Decision, MaskPlan, RuleRef } from "../policy/decision.ts";
import type { Facts, Statement } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { Judged, Prepared, Run } from "./model.ts";
import { traceparentOf } from "./traceparent.ts";

function digestOf(core: Core, statement: Statement, text: Buffer): StatementText {
  const own = text.subarray(statement.startByte, statement.endByte);
  return {
    form: "digest",
    hmac: core.options.digest(own),
    fingerprint: statement.fingerprint === "" ? null : statement.fingerprint,
  };
}

/** Facts without anything the session's names or literals could have put there. */
function factsFor(facts: Facts): unknown {
  if (!facts.understood) return null;
  const { settings, name, copy, transaction, named: _named, own: _own, ...rest } = facts;
  return {
    ...rest,
    settings: settings.map(({ name: setting, scope }) => ({ name: setting, scope })),
    ...(transaction && { transaction: "name" in transaction ? { do: transaction.do } : transaction }),
    ...(copy && { copy: { direction: copy.direction, place: copy.place, format: copy.format } }),
    ...(name && { name: { do: name.do } }),
  };
}

const factsMemo = new WeakMap<Facts, unknown>();

function recordedFacts(facts: Facts): unknown {
  let known = factsMemo.get(facts);
  if (known === undefined) {
    known = factsFor(facts);
    factsMemo.set(facts, known);
  }
  return known;
}

/** The parts of a decision's records that stay the same objects, so that the encoder knows them again. */
interface Told {
  readonly facts: Facts;
  readonly rules: readonly RuleRef[];
  readonly masks: DecisionEvent["masks"];
  /** null: a digest, of the text at hand. */
  readonly text: StatementText | null;
}

const told = new WeakMap<Decision, Told>();
const nothingMasked: DecisionEvent["masks"] = [];

function toldOf({ decision, statement }: Judged): Told {
  let known = told.get(decision);
  if (known === undefined || known.facts !== statement.facts) {
    const masks = decision.verdict === "allow" ? masksOf(decision.masks) : nothingMasked;
    known = { facts: statement.facts, rules: rulesOf(decision), masks, text: normalizedText(statement) };
    told.set(decision, known);
  }
  return known;
}

function normalizedText({ normalized, fingerprint }: Statement): StatementText | null {
  return normalized === null ? null : { form: "normalized", text: normalized, fingerprint };
}

function masksOf(plan: MaskPlan): DecisionEvent["masks"] {
  if (plan.columns === null) return nothingMasked;
  return plan.columns.flatMap((mask, column) => {
    if (mask === null) return [];
    if (mask.apply === "method") return [{ column, method: mask.mask.method, class: mask.mask.class }];
    if (mask.apply === "default") return [{ column, method: "Default", class: mask.class }];
    return mask.paths.map((path) => ({ column, method: path.mask.method, class: path.mask.class }));
  });
}

function rulesOf(decision: Decision): readonly RuleRef[] {
  return decision.verdict === "refuse"
    ? [decision.refusal.rule, ...decision.matched]
    : [...decision.matched, ...decision.observed];
}

function reasonOf(judged: Judged): string | null {
  const { decision, statement } = judged;
  if (decision.verdict === "refuse") return decision.refusal.message;
  return statement.facts.understood ? null : statement.facts.why;
}

/** The decision record of one statement. `text` is the whole text it stands in. */
export function decided(core: Core, step: DecisionEvent["step"], judged: Judged, text: Buffer): DecisionEvent {
  const { decision, statement } = judged;
  const { session, database, serverDatabase, context } = core.options;
  const allowed = decision.verdict === "allow";
  const { rules, masks, text: normalized } = toldOf(judged);
  return {
    event: "decision",
    session,
    principal: core.who.principal,
    database,
    client: context.clientAddress,
    application: context.application,
    serverDatabase,
    statement: judged.number,
    step,
    verdict: allowed && decision.observed.length > 0 ? "observe" : decision.verdict,
    rules,
    reason: reasonOf(judged),
    sqlstate: allowed ? null : decision.refusal.sqlstate,
    text: normalized ?? digestOf(core, statement, text),
    facts: recordedFacts(statement.facts),
    masks,
    policyVersion: core.policies.version,
    traceparent: traceparentOf(text),
  };
}

export function recordDecision(core: Core, step: DecisionEvent["step"], judged: Judged, text: Buffer): void {
  const { decision } = judged;
  const event = decided(core, step, judged, text);
  if (decision.verdict === "refuse") core.record(event, "Allow");
  else core.record(event, decision.onAuditFailure, decision.durability);
}

/** The outcome of something that never ran. */
export function recordOutcome(core: Core, number: number, status: OutcomeStatus, sqlstate: string | null): void {
  const event: OutcomeEvent = {
    event: "outcome",
    session: core.options.session,
    statement: number,
    status,
    sqlstate,
    rows: null,
    maskedCells: 0,
    durationUs: 0,
  };
  core.record(event, "Allow");
}

/** A prepared statement goes, or is judged anew, before anything ran under its Parse's decision. */
export function closeUnrun(
  core: Core,
  prepared: Prepared | undefined,
  status: OutcomeStatus = "completed",
  sqlstate: string | null = null,
): void {
  if (prepared === undefined || prepared.unrun === null) return;
  recordOutcome(core, prepared.unrun, status, sqlstate);
  prepared.unrun = null;
}

/** Closes a run, once. `affected`: rows as the command tag says. */
export function finishRun(
  core: Core,
  run: Run,
  status: OutcomeStatus,
  sqlstate: string | null,
  affected: number | null,
): void {
  if (run.closed) return;
  run.closed = true;
  const rows = run.rows > 0 ? run.rows : affected;
  const durationUs = Math.max(0, Math.round(core.options.clock.monotonicUs() - run.startedUs));
  core.record(
    {
      event: "outcome",
      session: core.options.session,
      statement: run.number,
      status,
      sqlstate,
      rows,
      maskedCells: run.maskedCells,
      durationUs,
    },
    "Allow",
  );
}
