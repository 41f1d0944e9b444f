// Stub until utility statements land.
import type { Engine } from "../engine.ts";
import type { Facts } from "../facts.ts";

export function utilityFacts(kind: string, _node: unknown, _engine: Engine): Facts {
  return { understood: false, why: `statement of kind ${kind}`, syntax: false };
}
