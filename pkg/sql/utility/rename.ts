// ALTER ... RENAME, SET SCHEMA and OWNER TO.
import type { Engine } from "../engine.ts";
import type { EffectKind, RelationUse, Understood } from "../facts.ts";
import type { Node } from "../node.ts";
import { objectWords } from "./object-words.ts";
import { relationUses } from "./relations.ts";
import { definition } from "./understood.ts";

/** Columns and constraints are renamed in a relation, which is what is altered. */
export function renameFacts(node: Node, engine: Engine): Understood {
  const inside = /^OBJECT_(COLUMN|ATTRIBUTE|TABCONSTRAINT|TRIGGER|RULE|POLICY)$/.test(node.renameType);
  const words = node.renameType === "OBJECT_COLUMN" ? objectWords(node.relationType) : objectWords(node.renameType);
  return definition(`ALTER ${words}`, {
    effects: ["Alter"],
    relations: altered(node, engine, ["Alter"], inside && node.renameType === "OBJECT_ATTRIBUTE"),
    changesResolution: node.renameType === "OBJECT_SCHEMA" || node.renameType === "OBJECT_ROLE",
  });
}

export function moveFacts(node: Node, engine: Engine): Understood {
  return definition(`ALTER ${objectWords(node.objectType)}`, {
    effects: ["Alter"],
    relations: altered(node, engine, ["Alter"], false),
  });
}

export function ownerFacts(node: Node, engine: Engine): Understood {
  const relations = altered(node, engine, ["Alter", "Grant"], false);
  return definition(`ALTER ${objectWords(node.objectType)}`, {
    effects: ["Alter", "Grant"],
    relations,
    changesResolution: true,
  });
}

function altered(node: Node, engine: Engine, access: readonly EffectKind[], typeToo: boolean): readonly RelationUse[] {
  if (node.relation === undefined) return [];
  return relationUses(engine, node.relation, access, node.missing_ok === true || typeToo);
}
