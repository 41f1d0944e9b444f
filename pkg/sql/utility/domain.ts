// CREATE and ALTER DOMAIN. A constraint that is added is checked over every column of the domain.
import type { Snapshot, TypeInfo } from "../../catalog/snapshot.ts";
import type { Engine } from "../engine.ts";
import type { PredicateUse, Understood } from "../facts.ts";
import { visibleType } from "../functions/visible.ts";
import { NotKnown } from "../lineage/walk.ts";
import { type Node, texts } from "../node.ts";
import { definition } from "./understood.ts";

export function createDomainFacts(): Understood {
  return definition("CREATE DOMAIN", { effects: ["Create"] });
}

/** `subtype`: T default, N drop not null, O set not null, C add constraint, X drop constraint, V validate (parsenodes.h). */
export function alterDomainFacts(node: Node, engine: Engine): Understood {
  const checks = node.subtype === "C" || node.subtype === "O" || node.subtype === "V";
  const drops = node.subtype === "X";
  return definition("ALTER DOMAIN", {
    effects: drops ? ["Alter", "Drop"] : ["Alter"],
    predicates: checks ? columnsOfDomain(node, engine) : [],
  });
}

function columnsOfDomain(node: Node, engine: Engine): readonly PredicateUse[] {
  const { snapshot } = engine.context;
  const domain = visibleType(texts(node.typeName), engine.context);
  if (snapshot === null || domain === undefined) throw new NotKnown("domain not in the catalogue");
  return [...snapshot.relations()].flatMap((relation) =>
    relation.columns
      .filter((column) => isOf(snapshot.type(column.type), domain, snapshot))
      .map((column) => ({
        column: {
          relation: relation.oid,
          attnum: column.attnum,
          schema: relation.schema,
          table: relation.name,
          column: column.name,
        },
        use: "other" as const,
        where: "DOMAIN",
      })),
  );
}

/** The domain itself, one over it, or an array of either. */
function isOf(type: TypeInfo | undefined, domain: TypeInfo, snapshot: Snapshot, depth = 0): boolean {
  if (type === undefined || depth > 32) return false;
  if (type.oid === domain.oid) return true;
  if (type.kind === "d") return isOf(snapshot.type(type.base), domain, snapshot, depth + 1);
  return type.element !== 0 && isOf(snapshot.type(type.element), domain, snapshot, depth + 1);
}
