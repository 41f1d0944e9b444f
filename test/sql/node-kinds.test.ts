// Every kind of node that PostgreSQL 18's grammar makes of queries and data changes stands in at least one case, and every case is
// carried through two worlds: so none was forgotten.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadGrammar } from "../../pkg/sql/grammar.ts";
import type { Node } from "../../pkg/sql/node.ts";
import { changeCases } from "./change-cases.ts";
import { lineageCases } from "./lineage-cases.ts";
import { predicateCases } from "./predicate-cases.ts";

/** Made only by parse analysis, the planner or the scanner; never by the grammar. */
const notOfGrammar = `ParseResult ScanResult ScanToken SummaryResult Table Function FilterColumn OidList IntList TableFunc Var Param
  Aggref WindowFunc WindowFuncRunCondition SubscriptingRef FuncExpr OpExpr DistinctExpr NullIfExpr ScalarArrayOpExpr SubPlan
  AlternativeSubPlan FieldSelect FieldStore RelabelType CoerceViaIO ArrayCoerceExpr ConvertRowtypeExpr CollateExpr CaseTestExpr
  ArrayExpr RowCompareExpr JsonConstructorExpr JsonExpr JsonTablePath JsonTablePathScan JsonTableSiblingJoin MergeAction
  CoerceToDomain CoerceToDomainValue NextValueExpr InferenceElem ReturningExpr TargetEntry RangeTblRef FromExpr OnConflictExpr Query
  RangeTblEntry RTEPermissionInfo RangeTblFunction TableSampleClause WithCheckOption SortGroupClause WindowClause RowMarkClause
  SetOperationStmt PLAssignStmt InlineCodeBlock CallContext JsonReturning Float Boolean BitString`;

/** Never wrapped: fields of the nodes that hold them. */
const fieldsOfOthers = `Alias IntoClause WithClause InferClause OnConflictClause CTESearchClause CTECycleClause ReturningClause TypeName
  JsonFormat JsonOutput JsonTablePathSpec JsonAggConstructor JsonBehavior RawStmt`;

/** Of statements that `utility` judges; its own tests name each. */
const ofUtility =
  /Stmt$|^(RoleSpec|TableLikeClause|DefElem|PartitionElem|PartitionSpec|PartitionBoundSpec|PartitionRangeDatum|PartitionCmd|TriggerTransition|AlterTableCmd|ATAlterConstraint|ObjectWithArgs|AccessPriv|Constraint|CreateOpClassItem|StatsElem|FunctionParameter|VacuumRelation|PublicationTable|PublicationObjSpec)$/;
const ownStatements = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);

function kindsOfGrammar(): string[] {
  const path = join(import.meta.dirname, "../../node_modules/@pgsql/types/types.d.ts");
  const types = readFileSync(path, "utf8");
  const union = types.slice(types.indexOf("export type Node"), types.indexOf("export interface"));
  const elsewhere = new Set(`${notOfGrammar} ${fieldsOfOthers}`.split(/\s+/));
  const kinds = [...union.matchAll(/^ +(\w+): /gm)].map((match) => match[1]!);
  return kinds.filter((kind) => !elsewhere.has(kind) && (ownStatements.has(kind) || !ofUtility.test(kind)));
}

function addKinds(node: Node, kinds: Set<string>): void {
  if (Array.isArray(node)) for (const element of node) addKinds(element, kinds);
  else if (typeof node === "object" && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      if (key[0]! >= "A" && key[0]! <= "Z") kinds.add(key);
      addKinds(value, kinds);
    }
  }
}

test("every kind of node of queries and data changes stands in a case", async () => {
  const grammar = (await loadGrammar(18))!;
  const seen = new Set<string>();
  for (const [text] of [...Object.values(lineageCases).flat(), ...predicateCases, ...changeCases]) {
    const parsed = grammar.parse(text);
    if (parsed.ok) addKinds(parsed.statements, seen);
  }
  const kinds = kindsOfGrammar();
  expect(kinds.length).toBeGreaterThan(60);
  expect(kinds.filter((kind) => !seen.has(kind))).toEqual([]);
});
