// The statements of the case lists with pieces of others put in or left out: most are refused by the server, the rest are odd.
import fc from "fast-check";
import { changeCases } from "./change-cases.ts";
import { lineageCases } from "./lineage-cases.ts";
import { predicateCases } from "./predicate-cases.ts";

const statements = [...Object.values(lineageCases).flat(), ...predicateCases, ...changeCases].map(([text]) => text);

function pieces(text: string): string[] {
  return text.split(/(?<=[(), ])|(?=[(), ])/);
}

const piece = fc.constantFrom(...new Set(statements.flatMap(pieces)));

export const scrambledStatement: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...statements), fc.nat(), fc.array(piece, { maxLength: 3 }), fc.nat({ max: 2 }))
  .map(([text, place, added, removed]) => {
    const parts = pieces(text);
    const at = place % parts.length;
    return [...parts.slice(0, at), ...added, ...parts.slice(at + removed)].join("");
  });
