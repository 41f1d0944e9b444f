// Text to statements to decisions, with the knowledge and the policies of this moment. The one place where the gate asks both.

import { isAscii, isUtf8 } from "node:buffer";
import type { Refusal } from "../policy/decision.ts";
import type { AnalysisContext } from "../sql/analyze.ts";
import type { Analysis, Facts, Statement } from "../sql/facts.ts";
import { textCharactersMax } from "../sql/grammar.ts";
import { endsUnseen, isInert, keepsClear, wordForSetting } from "./all-clear.ts";
import { notUnderstood } from "./analysis-cache.ts";
import type { Core } from "./core.ts";
import { encodingRefusal } from "./encoding.ts";
import type { View } from "./knowledge.ts";
import type { Judged, Prepared } from "./model.ts";
import { NAMES_DEEP_MAX, type NamesRead, namesStand, rememberNames } from "./names-read.ts";
import { refusedCursor } from "./opened-by.ts";
import { misplaced, outlastsTransaction } from "./own-refusals.ts";
import { refusedWherePinned } from "./pinned-rule.ts";
import { refusedTemporary } from "./temporary.ts";
import { wireName } from "./wire-name.ts";

/** What `judged` of a statement stands on: when it differs, it is judged anew. */
export function basisOf(core: Core): string {
  return core.standing.basis(core.policies, core.knowledge.view().key);
}

/** What a decision of now stands on. */
export function basisFor(core: Core, judged: Judged | null): string {
  return judged?.decision.masksWere === "lifted" ? core.allClear.basis : basisOf(core);
}

/** Whether any rule, what is pinned, or its own proof, concerns this principal here, so that statements must be understood before they run. */
export function governed({ who, standing, policies, session }: Core): boolean {
  return session !== null || standing.governed(policies).policies > 0 || who.isNarrowed;
}

/** What the engine takes, if every character had four bytes: a longer text is not even decoded. */
const TEXT_BYTES_MAX = 4 * textCharactersMax;

/** Statements of a text under `view`. Bytes that are not UTF-8 mean something only the server knows. */
export function analyzeText(core: Core, text: Buffer, view: View, parameterTypes?: readonly number[]): Analysis {
  if (text.length > TEXT_BYTES_MAX) return notUnderstood(text.length, "text longer than 4 MiB");
  if (!isAscii(text)) {
    if (!core.utf8) return notUnderstood(text.length, "the text is not ASCII and client_encoding is not UTF8");
    if (!isUtf8(text)) return notUnderstood(text.length, "the text is not valid UTF-8");
  }
  const encoding =
    view.resolution?.standardConformingStrings ?? core.options.parameters.get("standard_conforming_strings") === "on";
  if (!encoding) return notUnderstood(text.length, "standard_conforming_strings is off");
  const { analyses } = core.options;
  const { unsettled } = core.knowledge;
  const known = analyses.known(text, unsettled ? `${view.key}!` : view.key, parameterTypes);
  if (known !== null) return known;
  const read: NamesRead = { statements: new Map(), portals: new Map() };
  const context: AnalysisContext = {
    snapshot: view.snapshot,
    resolution: view.resolution,
    ...(parameterTypes && { parameterTypes }),
    ...(unsettled && { unsettled: true }),
    prepared: (name) => preparedFacts(core, wireName(name), read),
    cursor: (name) => cursorFacts(core, wireName(name), read),
  };
  const analysis = analyses.analyze(text, view.key, context);
  for (const { sessionDependent, facts } of analysis.statements) if (sessionDependent) rememberNames(facts, read);
  return analysis;
}

/** A prepared statement is read again when what is known has changed since it was judged. */
function preparedFacts(core: Core, name: string, read: NamesRead): Facts | undefined {
  const prepared = core.statements.get(name);
  read.statements.set(name, prepared);
  if (prepared === undefined || core.namesDeep >= NAMES_DEEP_MAX) return undefined;
  core.namesDeep += 1;
  const judged = judgePrepared(core, prepared);
  core.namesDeep -= 1;
  return judged?.statement.facts;
}

/** A cursor stays what it was opened for; one that runs another statement by name, only while the name means that statement. */
function cursorFacts(core: Core, name: string, read: NamesRead): Facts | undefined {
  const portal = core.portals.get(name);
  read.portals.set(name, portal);
  const facts = portal?.judged?.statement.facts;
  return namesStand(core, facts) ? facts : undefined;
}

/** `mayBeClear`: the server's word that nothing is protected holds for it, if it was given. */
export function judge(core: Core, statement: Statement, alone: boolean, mayBeClear = true): Judged {
  const { context, clock } = core.options;
  const decision = core.decisions.decide({
    set: core.policies,
    database: core.standing.database,
    principal: core.who.principal,
    session: context,
    nowMs: clock.nowMs(),
    facts: statement.facts,
    book: core.book,
    alone,
    auditWritable: core.options.auditWritable(),
    clear: mayBeClear ? (core.allClear.word(core) ?? wordForSetting(core, statement.facts)) : null,
  });
  const judged = { number: core.nextNumber(), statement, decision };
  const refused =
    lapsed(core, statement) ??
    misplaced(statement) ??
    outlastsTransaction(core, statement) ??
    refusedWherePinned(core, statement.facts) ??
    refusedTemporary(core, statement.facts) ??
    refusedCursor(core, statement.facts) ??
    (decision.verdict === "allow" ? encodingRefusal(core, statement, decision) : null);
  return refused === null ? judged : { ...judged, decision: refusedDecision(judged, refused) };
}

/** Under an identity that counts no more only the way back is open. */
function lapsed({ who }: Core, { facts }: Statement): Refusal | null {
  if (who.refusal === null) return null;
  if (facts.understood && (facts.own !== undefined || facts.transaction?.do.startsWith("rollback"))) return null;
  return who.refusal;
}

export interface JudgedInOrder extends Judged {
  /** It runs without masks if the server says again, just before it, that nothing is protected (string-guard.ts). */
  readonly guarded: boolean;
}

/**
 * Statements of one string: behind what may make, read or wait for something, the server's word must be asked for again, unless they
 * neither run nor return anything.
 */
export function judgeInOrder(core: Core, statements: readonly Statement[]): readonly JudgedInOrder[] {
  let clear = true;
  let { unseen } = core;
  return statements.map((statement) => {
    const { facts } = statement;
    const asksAgain = !clear && facts.takesSnapshot === true;
    const judged = judge(core, statement, statements.length === 1, clear || asksAgain || isInert(facts));
    const isLifted = judged.decision.masksWere === "lifted";
    const guarded = isLifted && (asksAgain || (!clear && unseen && endsUnseen(facts)));
    clear &&= keepsClear(facts);
    unseen ||= isLifted && !isInert(facts);
    return { ...judged, guarded };
  });
}

/** null for a text without a statement. The server takes no more than one in a Parse. */
export function onlyStatement(core: Core, text: Buffer, types: readonly number[]): Statement | null {
  const { statements } = analyzeText(core, text, core.knowledge.view(), types);
  if (statements.length <= 1) return statements[0] ?? null;
  return notUnderstood(text.length, "a prepared statement holds several statements").statements[0]!;
}

/** Whether `judged` was decided under what is in force and known now, and the names it uses mean what they meant. */
export function stands(core: Core, { basis, judged }: Pick<Prepared, "basis" | "judged">): boolean {
  const clear = core.allClear.holds(core);
  if (clear && judged?.decision.masksWere === "unconfirmed") return false;
  const isBasis = basis === basisOf(core) || (clear && basis === core.allClear.basis);
  return isBasis && namesStand(core, judged?.statement.facts);
}

/** The decision on a prepared statement under the policy and the knowledge of now; null for an empty text. */
export function judgePrepared(core: Core, prepared: Prepared): Judged | null {
  if (prepared.judged === null || stands(core, prepared)) return prepared.judged;
  const statement = statementOf(core, prepared);
  prepared.judged = statement === null ? null : judge(core, statement, true);
  prepared.basis = basisFor(core, prepared.judged);
  prepared.poison = null;
  return prepared.judged;
}

/** The statement as the text reads now. SQL PREPARE and DECLARE hold theirs inside. */
function statementOf(core: Core, prepared: Prepared): Statement | null {
  const outer = onlyStatement(core, prepared.text, prepared.types);
  if (outer === null || !prepared.inner) return outer;
  const name = outer.facts.understood ? outer.facts.name : undefined;
  if (name?.do === "prepare" || name?.do === "declare") return { ...outer, facts: name.statement };
  return {
    ...outer,
    facts: { understood: false, why: "the text of the prepared statement is not understood any more", syntax: false },
  };
}

/** A decision that something beside the policy turned into this refusal. */
export function refusedDecision(judged: Judged, refusal: Refusal): Judged["decision"] {
  const { matched, observed, warnings, masksWere } = judged.decision;
  return { verdict: "refuse", refusal, matched, observed, warnings, masksWere };
}
