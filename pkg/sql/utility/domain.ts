// CREATE and ALTER DOMAIN. A constraint that is added is checked over every column of the domain; what it calls is called again
// whenever a value becomes one of the domain.
import type { Snapshot, TypeInfo } from "../../catalog/snapshot.ts";
import type { Engine } from "../engine.ts";
import type { PredicateUse, Understood } from "../facts.ts";
import { visibleType } from "../functions/visible.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node, texts } from "../node.ts";
import { type Kept, keptByConstraints, keptFacts } from "./kept-expressions.ts";
import { definition, together, understood } from "./understood.ts";

export function createDomainFacts(node: Node, engine: Engine): Understood {
  const constraints = list(node.constraints).map(({ Constraint }) => Constraint);
  const kept = keptFacts(engine, checkedAs(node.typeName), keptByConstraints(constraints), "default of a domain");
  const made = definition("CREATE DOMAIN", { effects: ["Create"] });
  return together("CREATE DOMAIN", [made, understood("CREATE DOMAIN", kept)], {});
}

/** What a check calls VALUE. */
const checkedAs = (typeName: Node) => new Map([["value", typeName]]);

/** `subtype`: T default, N drop not null, O set not null, C add constraint, X drop constraint, V validate (parsenodes.h). */
export function alterDomainFacts(node: Node, engine: Engine): Understood {
  const checks = node.subtype === "C" || node.subtype === "O" || node.subtype === "V";
  const drops = node.subtype === "X";
  const altered = definition("ALTER DOMAIN", {
    effects: drops ? ["Alter", "Drop"] : ["Alter"],
    predicates: checks ? columnsOfDomain(node, engine) : [],
  });
  const columns = checkedAs({ names: node.typeName, typemod: -1 });
  const kept = keptFacts(engine, columns, keptByAlter(node), "default of a domain");
  return together("ALTER DOMAIN", [altered, understood("ALTER DOMAIN", kept)], {});
}

function keptByAlter({ subtype, def }: Node): Kept {
  if (subtype === "C") return keptByConstraints([def?.Constraint ?? {}]);
  return { values: subtype === "T" && def !== undefined ? [def] : [], conditions: [] };
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
