// Whose statement it is by the comment that it carries (signed-comment.ts): of a Query for all of its string; of a Parse for what is bound
// and executed of that very statement up to the next Sync, and never later, however long the prepared statement lives.
import type { Refusal } from "../policy/decision.ts";
import type { Identity } from "../principal/identity.ts";
import type { Core } from "./core.ts";
import type { Prepared } from "./model.ts";
import { refusedComment, unclearComment } from "./own-refusals.ts";
import { mustPin, pinSession } from "./pinned-session.ts";
import { signedText } from "./signed-comment.ts";

/** A statement of the open batch that was parsed with a token. */
export interface Signed {
  readonly identity: Identity;
  /** null: it is being parsed. */
  prepared: Prepared | null;
}

/** What the text is without its token; `refusal`: the token does not count. */
export type Unsigned = (text: Buffer, refusal: Refusal | null) => void;

/** Verifies the token of a text's comment, if it has one, and goes on as whom it names. */
export function readSigned(core: Core, letter: "Q" | "P", text: Buffer, then: Unsigned): void {
  const found = signedText(text);
  if (found.signed === "no") return then(text, null);
  if (found.signed === "unclear") return then(Buffer.alloc(0), unclearComment);
  core.verify(found.token, (outcome) => {
    if (!outcome.ok) return then(found.text, refusedComment(outcome));
    signAs(core, outcome.identity);
    if (letter === "P") core.signed = { identity: outcome.identity, prepared: null };
    const go = () => then(found.text, null);
    if (mustPin(core, letter)) pinSession(core, go);
    else go();
  });
}

/** In front of a frame that binds or executes; `prepared`: what it does that of. */
export function signFor(core: Core, prepared: Prepared | undefined): void {
  const { signed, who } = core;
  if (signed === null && !who.isSigned) return;
  const identity = signed !== null && signed.prepared === prepared ? signed.identity : null;
  signAs(core, identity);
}

/** The statement, or the batch, is over. */
export function signedOver(core: Core): void {
  core.signed = null;
  if (core.who.isSigned) signAs(core, null);
}

function signAs(core: Core, identity: Identity | null): void {
  const { who, options } = core;
  const { epoch } = who;
  who.sign(identity, options.clock.nowMs());
  if (who.epoch !== epoch) core.allClear.over();
}
