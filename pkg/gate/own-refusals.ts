// Why an identity cannot be set as a statement would have it. No text of a token is in any of these.
import type { Refusal } from "../policy/decision.ts";
import type { Statement } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { Identified } from "./identified.ts";
import type { Judged } from "./model.ts";
import { literalToken } from "./own.ts";
import { resetsAll } from "./resets-all.ts";

const IDENTITY = "weir.identity";

function refusal(text: Pick<Refusal, "message" | "detail" | "hint">): Refusal {
  return { rule: { policy: "weir", rule: "identity" }, sqlstate: "42501", ...text };
}

export function refusedIdentity({ reason, message, hint }: Identified & { readonly ok: false }): Refusal {
  const detail = `Reason: ${reason}. Who asks has not changed.`;
  return refusal({ message: `weir: the token of weir.identity does not count: ${message}`, detail, hint });
}

export function refusedComment({ reason, message, hint }: Identified & { readonly ok: false }): Refusal {
  const detail = `Reason: ${reason}. The statement was not sent.`;
  return refusal({ message: `weir: the token of weir_identity does not count: ${message}`, detail, hint });
}

export const unclearComment = refusal({
  message: "weir: the statement speaks of weir_identity, and not once in one comment at its end or beginning",
  detail: "A token may be in it, so the statement was not sent to the database.",
  hint: "Write /*weir_identity='...'*/ at the end of the statement, once, with the token percent-encoded.",
});

const FORMS = "Use SET weir.identity = '...', SET LOCAL, or SELECT set_config('weir.identity', $1, true), each alone.";

export const noPlainToken = refusal({
  message: "weir: the token of weir.identity is not written as a plain literal",
  detail: "It could not be taken out of the statement, so the statement was not sent to the database.",
  hint: FORMS,
});

export function tokenNotPlain({ facts }: Statement, text: Buffer): Refusal | null {
  const own = facts.understood ? facts.own : undefined;
  if (own?.do !== "identify" || "parameter" in own.token) return null;
  return literalToken(text, own.token) === null ? noPlainToken : null;
}

/** An identity is set in a form that would bring the token to the server. */
export function misplaced({ facts }: Statement): Refusal | null {
  if (!facts.understood || facts.settings.length === 0 || facts.own !== undefined) return null;
  return facts.settings.some(({ name }) => name === IDENTITY) ? misplacedToken : null;
}

/** Where a pool may hand the session to somebody else, an identity ends with its transaction. */
export function outlastsTransaction({ options }: Core, { facts }: Statement): Refusal | null {
  if (options.identityScope === "Session" || !facts.understood) return null;
  return facts.own?.do === "identify" && !facts.own.local ? onlyLocal : null;
}

const onlyLocal = refusal({
  message: "weir: weir.identity is set for one transaction at a time here",
  detail: "Set for the session it would still count when a pool hands the connection to somebody else.",
  hint: "Use SET LOCAL or set_config(..., true) in a transaction, or sign a single statement by a comment.",
});

/** The name of an identity as a parameter of a Bind, with its length in front. */
const BOUND_NAMES = [IDENTITY, IDENTITY.toUpperCase()].map((name) => Buffer.from(`\0\0\0\r${name}`));

/** A setting whose name is a parameter may be an identity when it is bound. `frame`: a Bind. */
export function bindsIdentity({ facts }: Statement, frame: Buffer): Refusal | null {
  const isOwn = facts.understood && facts.own !== undefined;
  return !isOwn && BOUND_NAMES.some((name) => frame.includes(name)) ? misplacedToken : null;
}

const misplacedToken = refusal({
  message: "weir: weir.identity cannot be set in this way",
  detail: "The token would reach the database, so the statement was not sent.",
  hint: FORMS,
});

/** A text that is not understood and speaks of an identity may hold a token. */
export function tokenInside({ facts }: Statement, text: Buffer): Refusal | null {
  if (facts.understood) return null;
  return text.toString("latin1").toLowerCase().includes(IDENTITY) ? misplacedToken : null;
}

/** The text of what is refused so goes nowhere, not even to hear the server's own opinion. */
export function mayHoldToken(refusal: Refusal): boolean {
  return refusal === misplacedToken;
}

const ends: readonly string[] = ["commit", "rollback", "rollback to", "prepare"];

/** Statements of one string are decided together, so nobody else may ask in the middle of it. */
export function whoChangesInside(core: Core, judged: readonly Judged[]): Refusal | null {
  const changes = judged.some(({ statement: { facts } }, at) => {
    if (!facts.understood) return false;
    if (facts.own !== undefined && facts.own.do !== "show") return true;
    if (at === judged.length - 1) return false;
    const { who, session } = core;
    if (resetsAll(facts)) return who.isSet || session !== null;
    return (who.isSet || session?.isUnsettled === true) && ends.includes(facts.transaction?.do ?? "");
  });
  return changes ? inString : null;
}

const inString = refusal({
  message: "weir: who asks would change within one string of statements",
  detail: "weir.identity, RESET ALL, or the end of a transaction in which it was set, stands among other statements.",
  hint: "Send the statement alone, not in one string with other statements.",
});
