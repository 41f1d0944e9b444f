// Facts of a utility statement out of the few parts that are not empty.
import type { EffectKind, Facts, RelationUse, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";

export type Parts = Partial<Omit<Understood, "understood" | "kind">>;

/** `effects` gets what is done to the relations added. What is not given is empty, null or false; `takesSnapshot` is true unless given. */
export function understood(kind: string, parts: Parts): Understood {
  return {
    understood: true,
    kind,
    functions: [],
    writes: [],
    outputs: null,
    predicates: [],
    flows: [],
    settings: [],
    takesSnapshot: true,
    changesCatalog: false,
    changesResolution: false,
    relations: [],
    ...parts,
    effects: joined(parts.effects ?? [], parts.relations ?? []),
  };
}

function joined(effects: readonly EffectKind[], relations: readonly RelationUse[]): readonly EffectKind[] {
  return [...new Set([...effects, ...relations.flatMap((use) => use.access)])];
}

/** DDL: the catalogue differs afterwards. */
export function definition(kind: string, parts: Parts): Understood {
  return understood(kind, { changesCatalog: true, ...parts });
}

/** Facts of what stands inside, or the end of the analysis. */
export function insist(facts: Facts): Understood {
  if (facts.understood) return facts;
  throw new NotKnown(facts.why, facts.absent);
}

/** Several statements in one: everything that each does. */
export function together(kind: string, all: readonly Understood[], parts: Parts): Understood {
  return understood(kind, {
    effects: [...(parts.effects ?? []), ...all.flatMap((facts) => facts.effects)],
    relations: [...(parts.relations ?? []), ...all.flatMap((facts) => facts.relations)],
    ...namesOf(all),
    functions: all.flatMap((facts) => facts.functions),
    writes: [...(parts.writes ?? []), ...all.flatMap((facts) => facts.writes)],
    predicates: all.flatMap((facts) => facts.predicates),
    flows: [...(parts.flows ?? []), ...all.flatMap((facts) => facts.flows)],
    settings: all.flatMap((facts) => facts.settings),
    changesCatalog: parts.changesCatalog === true || all.some((facts) => facts.changesCatalog),
    changesResolution: parts.changesResolution === true || all.some((facts) => facts.changesResolution),
  });
}

function namesOf(all: readonly Understood[]): Pick<Understood, "named" | "hidden"> {
  const named = [...new Set(all.flatMap((facts) => facts.named ?? []))];
  const hidden = all.flatMap((facts) => facts.hidden ?? []);
  return { ...(named.length > 0 && { named }), ...(hidden.length > 0 && { hidden }) };
}
