// Facts of every statement that is not SELECT, INSERT, UPDATE, DELETE or MERGE: an allow-list of node kinds (rule R11). In comes the
// grammar's node, out come facts, or the reason why there are none, which names kinds and never text of the statement.
import type { Engine } from "../engine.ts";
import type { Absent, Facts, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import type { Node } from "../node.ts";
import { alterSequenceFacts, alterTableFacts } from "./alter-table.ts";
import {
  callFacts,
  createFunctionFacts,
  createRuleFacts,
  createTriggerFacts,
  defineFacts,
  doFacts,
  extensionFacts,
  policyFacts,
} from "./code.ts";
import { copyFacts } from "./copy.ts";
import { createTableAsFacts, refreshFacts, viewFacts } from "./create-as.ts";
import { createIndexFacts, createStatisticsFacts } from "./create-index.ts";
import { createForeignTableFacts, createTableFacts } from "./create-table.ts";
import { createDatabaseFacts, createPublicationFacts, createSchemaFacts, createSequenceFacts } from "./database.ts";
import { alterDomainFacts, createDomainFacts } from "./domain.ts";
import { commentFacts, dropFacts, grantFacts, lockFacts, maintenanceFacts, truncateFacts } from "./drop.ts";
import { explainFacts } from "./explain.ts";
import { plainFacts } from "./plain-statements.ts";
import { moveFacts, ownerFacts, renameFacts } from "./rename.ts";
import { closeFacts, deallocateFacts, declareFacts, executeFacts, fetchFacts, prepareFacts } from "./session-names.ts";
import { discardFacts, keptSettingFacts, setFacts, showFacts } from "./settings.ts";
import { transactionFacts } from "./transaction.ts";

type Handler = (node: Node, engine: Engine, kind: string) => Understood;

const maintenance: Handler = (node, engine, kind) => maintenanceFacts(kind, node, engine);
const keptSetting: Handler = (node, _, kind) => keptSettingFacts(kind, node);
const extension: Handler = (_, __, kind) => extensionFacts(kind);
const policy: Handler = (node, engine, kind) => policyFacts(kind, node, engine);

const handlers: Readonly<Record<string, Handler>> = {
  AlterDatabaseSetStmt: keptSetting,
  AlterDomainStmt: alterDomainFacts,
  AlterExtensionStmt: extension,
  AlterObjectSchemaStmt: moveFacts,
  AlterOwnerStmt: ownerFacts,
  AlterPolicyStmt: policy,
  AlterRoleSetStmt: keptSetting,
  AlterSeqStmt: alterSequenceFacts,
  AlterSystemStmt: keptSetting,
  AlterTableStmt: alterTableFacts,
  CallStmt: callFacts,
  ClosePortalStmt: closeFacts,
  ClusterStmt: maintenance,
  CommentStmt: commentFacts,
  CopyStmt: copyFacts,
  CreateDomainStmt: createDomainFacts,
  CreateExtensionStmt: extension,
  CreateForeignTableStmt: createForeignTableFacts,
  CreateFunctionStmt: createFunctionFacts,
  CreatePolicyStmt: policy,
  CreatePublicationStmt: createPublicationFacts,
  CreateSchemaStmt: createSchemaFacts,
  CreateSeqStmt: createSequenceFacts,
  CreateStatsStmt: createStatisticsFacts,
  CreateStmt: createTableFacts,
  CreateTableAsStmt: createTableAsFacts,
  CreateTrigStmt: createTriggerFacts,
  CreatedbStmt: createDatabaseFacts,
  DeallocateStmt: deallocateFacts,
  DeclareCursorStmt: declareFacts,
  DefineStmt: defineFacts,
  DiscardStmt: discardFacts,
  DoStmt: doFacts,
  DropStmt: dropFacts,
  ExecuteStmt: executeFacts,
  ExplainStmt: explainFacts,
  FetchStmt: fetchFacts,
  GrantStmt: grantFacts,
  IndexStmt: createIndexFacts,
  LockStmt: lockFacts,
  PrepareStmt: prepareFacts,
  RefreshMatViewStmt: refreshFacts,
  ReindexStmt: maintenance,
  RenameStmt: renameFacts,
  RuleStmt: createRuleFacts,
  TransactionStmt: transactionFacts,
  TruncateStmt: truncateFacts,
  VacuumStmt: maintenance,
  VariableSetStmt: setFacts,
  VariableShowStmt: showFacts,
  ViewStmt: viewFacts,
};

/** `node` without its wrapper: for `{ CopyStmt: {...} }` the kind "CopyStmt" and the inner object. */
export function utilityFacts(kind: string, node: unknown, engine: Engine): Facts {
  try {
    const handler = Object.hasOwn(handlers, kind) ? handlers[kind] : undefined;
    const facts = handler === undefined ? plainFacts(kind) : handler(node as Node, engine, kind);
    return facts ?? notUnderstood(`statement of kind ${kind}`);
  } catch (error) {
    if (error instanceof NotKnown) return notUnderstood(error.message, error.absent);
    throw error;
  }
}

function notUnderstood(why: string, absent?: Absent): Facts {
  return { understood: false, why, syntax: false, ...(absent && { absent }) };
}
