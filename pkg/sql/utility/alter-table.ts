// ALTER TABLE by its sub-commands. A sub-command that is not on a list ends the analysis.
import type { Engine } from "../engine.ts";
import type { EffectKind, RelationUse, Understood } from "../facts.ts";
import { sourcesOf } from "../lineage/label.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node, texts } from "../node.ts";
import { constraintReferences } from "./create-table.ts";
import { columnNode, overRelation } from "./expressions.ts";
import { boundValues, keptByConstraints, keptFacts, typeOf } from "./kept-expressions.ts";
import { objectWords } from "./object-words.ts";
import { columnsOf, deciding, relationUses } from "./relations.ts";
import { definition, type Parts, together, understood } from "./understood.ts";

/** They change how rows are kept, guarded or named, and touch no value. */
const plain = new Set(
  `DropNotNull SetNotNull CheckNotNull DropExpression SetStatistics SetOptions ResetOptions SetStorage SetCompression AlterConstraint
  ValidateConstraint ClusterOn DropCluster SetLogged SetUnLogged SetAccessMethod SetTableSpace SetRelOptions ResetRelOptions
  ReplaceRelOptions EnableTrig EnableAlwaysTrig EnableReplicaTrig DisableTrig EnableTrigAll DisableTrigAll EnableTrigUser
  DisableTrigUser EnableRule EnableAlwaysRule EnableReplicaRule DisableRule AddOf DropOf ReplicaIdentity EnableRowSecurity
  DisableRowSecurity ForceRowSecurity NoForceRowSecurity AddIdentity SetIdentity DropIdentity AddIndexConstraint`
    .split(/\s+/)
    .map((name) => `AT_${name}`),
);

/** They take something away: a column, a constraint, rows out of the parent's sight. */
const dropping = new Set([
  "AT_DropColumn",
  "AT_DropConstraint",
  "AT_DropInherit",
  "AT_DetachPartition",
  "AT_DetachPartitionFinalize",
  "AT_DropOids",
]);

interface Target {
  readonly node: Node;
  readonly use: RelationUse | undefined;
  readonly engine: Engine;
}

export function alterTableFacts(node: Node, engine: Engine): Understood {
  const objectType = node.objtype ?? node.relkind ?? "OBJECT_TABLE";
  const missingOk = node.missing_ok === true || objectType === "OBJECT_TYPE";
  const commands = list(node.cmds).map(({ AlterTableCmd }) => AlterTableCmd);
  const effects = [...new Set(commands.flatMap(({ subtype }) => effectsOf(subtype)))];
  const [use] = relationUses(engine, node.relation, effects, missingOk);
  const parts = commands.map((command) => commandFacts(command, { node, use, engine }));
  const relations = use === undefined ? [] : [use];
  return together(`ALTER ${objectWords(objectType)}`, parts, { effects, relations, changesCatalog: true });
}

function effectsOf(subtype: string): readonly EffectKind[] {
  if (dropping.has(subtype)) return ["Alter", "Drop"];
  if (subtype === "AT_ChangeOwner") return ["Alter", "Grant"];
  if (subtype === "AT_GenericOptions" || subtype === "AT_AlterColumnGenericOptions") return ["Alter", "Network"];
  return ["Alter"];
}

function commandFacts(command: Node, target: Target): Understood {
  const { subtype } = command;
  if (plain.has(subtype) || effectsOf(subtype).length > 1) return withPartition(command, target);
  switch (subtype) {
    case "AT_AddColumn":
      return addColumn(command.def?.ColumnDef, target);
    case "AT_ColumnDefault":
      return part(
        keptFacts(target.engine, new Map(), { values: given(command.def), conditions: [] }, "column default"),
      );
    case "AT_SetExpression":
      return computed(command.name, command.def, target);
    case "AT_AlterColumnType":
      return changeType(command, target);
    case "AT_AddConstraint":
      return addConstraint(command.def?.Constraint, target);
    case "AT_AddInherit":
      return part({ relations: relationUses(target.engine, command.def?.RangeVar, ["Alter"]) });
    case "AT_AttachPartition":
      return withPartition(command, target);
    default:
      throw new NotKnown(`ALTER TABLE with ${subtype}`);
  }
}

const part = (parts: Parts) => understood("ALTER TABLE", parts);

const given = (node: Node): readonly Node[] => (node === undefined ? [] : [node]);

/** ATTACH and DETACH name the partition, ATTACH what belongs into it. */
function withPartition(command: Node, { engine }: Target): Understood {
  const { name, bound } = command.def?.PartitionCmd ?? {};
  if (name === undefined) return part({});
  const kept = keptFacts(engine, new Map(), { values: boundValues(bound), conditions: [] }, "partition bound");
  return part({ ...kept, relations: relationUses(engine, name, ["Alter"]) });
}

/** A default is computed for rows that exist; a generated column holds what its expression makes of the others. */
function addColumn(column: Node, target: Target): Understood {
  const { engine, node } = target;
  const constraints = list(column?.constraints).map(({ Constraint }) => Constraint);
  const isGenerated = (constraint: Node) => constraint.contype === "CONSTR_GENERATED";
  const references = constraints.map((constraint) => part(constraintReferences(constraint, engine)));
  const generated = constraints.filter(isGenerated).map(({ raw_expr }) => computed(null, raw_expr, target));
  const kept = keptByConstraints(constraints.filter((constraint) => !isGenerated(constraint)));
  const own = new Map(column?.typeName === undefined ? [] : [[column.colname, typeOf(column.typeName)] as const]);
  const isChecked = kept.conditions.length > 0 && target.use !== undefined;
  const parts = keptFacts(engine, own, kept, "column default", isChecked ? node.relation : undefined);
  return together("ALTER TABLE", [...references, ...generated, part(parts)], {});
}

/** A stored column made of others of its row. `column` null: a new one. */
function computed(column: string | null, expression: Node, { node, use, engine }: Target): Understood {
  if (use === undefined || expression === undefined) return part({});
  const { outputs, functions, predicates } = overRelation(engine, node.relation, [expression]);
  const to = column === null ? "new column" : columnsOf(engine, use, [column])[0]!;
  return part({ functions, predicates, flows: (outputs ?? []).map(({ lineage }) => ({ from: lineage, to })) });
}

/** USING writes every row anew; unless the new value is made of the old one, that is an UPDATE without a condition. */
function changeType(command: Node, target: Target): Understood {
  const expression = command.def?.ColumnDef?.raw_default;
  const { use, engine } = target;
  if (expression === undefined || use === undefined) return part({});
  const facts = computed(command.name, expression, target);
  const [column] = columnsOf(engine, use, [command.name]);
  const sources = facts.flows.flatMap(({ from }) => sourcesOf(from) ?? []);
  if (sources.some(({ attnum, relation }) => attnum === column!.attnum && relation === column!.relation)) return facts;
  const writes = [{ effect: "Update" as const, relation: use, filter: "Missing" as const }];
  return { ...facts, effects: [...facts.effects, "Update"], writes };
}

/** A constraint is checked over the rows that are there: its failure tells about their values. */
function addConstraint(constraint: Node, { node, use, engine }: Target): Understood {
  if (constraint === undefined) throw new NotKnown("constraint of an unknown kind");
  if (use === undefined) return part({});
  switch (constraint.contype) {
    case "CONSTR_CHECK": {
      const { functions, predicates } = overRelation(engine, node.relation, [columnlessConstant], constraint.raw_expr);
      return part({ functions, predicates });
    }
    case "CONSTR_UNIQUE":
    case "CONSTR_PRIMARY":
      return part({ predicates: deciding(columnsOf(engine, use, texts(constraint.keys)), "UNIQUE") });
    case "CONSTR_EXCLUSION":
      return exclusion(constraint, { node, use, engine });
    case "CONSTR_FOREIGN": {
      const own = deciding(columnsOf(engine, use, texts(constraint.fk_attrs)), "FOREIGN KEY");
      const { relations, predicates } = constraintReferences(constraint, engine);
      return part({ relations, predicates: [...predicates, ...own] });
    }
    case "CONSTR_NOTNULL":
      return part({});
    default:
      throw new NotKnown(`constraint ${constraint.contype}`);
  }
}

const columnlessConstant: Node = { A_Const: { isnull: true } };

function exclusion(constraint: Node, { node, use, engine }: Target): Understood {
  const elements = list(constraint.exclusions).map((pair) => pair.List?.items?.[0]?.IndexElem ?? {});
  const expressions = elements.map((element) => element.expr ?? columnNode(element.name));
  const { functions, predicates } = overRelation(engine, node.relation, expressions, constraint.where_clause);
  const names = elements.filter(({ name }) => name !== undefined).map(({ name }) => name as string);
  return part({ functions, predicates: [...predicates, ...deciding(columnsOf(engine, use!, names), "EXCLUDE")] });
}

/** ALTER SEQUENCE: RESTART is a change of a number that nobody protects. */
export function alterSequenceFacts(node: Node, engine: Engine): Understood {
  const relations = relationUses(engine, node.sequence, ["Alter"], node.missing_ok === true);
  return definition("ALTER SEQUENCE", { effects: ["Alter"], relations });
}
