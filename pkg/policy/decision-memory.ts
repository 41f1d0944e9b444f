// Decisions that one session was given already. A decision is made of the bindings, the facts, what is known of classes, and three
// answers about the moment; while these are the same, so is the decision. What a `when` asks of the time is in the bindings.
import type { Facts } from "../sql/facts.ts";
import { type Bindings, bindingsOf } from "./binding.ts";
import { type DecisionRequest, decideUnder } from "./decide.ts";
import type { Decision } from "./decision.ts";

interface Kept {
  readonly request: DecisionRequest;
  readonly bindings: Bindings;
  readonly decision: Decision;
}

/** Statements of a session whose decisions are kept; it is emptied when full. */
const KEPT_MAX = 256;

export class DecisionMemory {
  readonly #kept = new Map<Facts, Kept>();

  decide(request: DecisionRequest): Decision {
    const bindings = bindingsOf(request, request);
    // What a token allows depends on the time.
    if (request.principal.grants !== undefined) return decideUnder(bindings, request);
    const known = this.#kept.get(request.facts);
    if (known !== undefined && known.bindings === bindings && isSame(known.request, request)) return known.decision;
    const decision = decideUnder(bindings, request);
    if (known === undefined && this.#kept.size >= KEPT_MAX) this.#kept.clear();
    this.#kept.set(request.facts, { request, bindings, decision });
    return decision;
  }
}

/** In all but the facts and the time. */
function isSame(a: DecisionRequest, b: DecisionRequest): boolean {
  return (
    a.set === b.set &&
    a.principal === b.principal &&
    a.session === b.session &&
    a.book === b.book &&
    a.clear === b.clear &&
    a.alone === b.alone &&
    a.auditWritable === b.auditWritable &&
    a.estimate === b.estimate &&
    a.database.namespace === b.database.namespace &&
    a.database.name === b.database.name
  );
}
