// Statements of which the kind tells all that matters: what they do to the world. They read no rows and run no expressions.
import type { EffectKind, Understood } from "../facts.ts";
import { type Parts, understood } from "./understood.ts";

type Entry = readonly [words: string, effects: readonly EffectKind[], parts?: Parts];

const changes: Parts = { changesCatalog: true };
const privileges: Parts = { changesResolution: true };
const both: Parts = { changesCatalog: true, changesResolution: true };
const quiet: Parts = { takesSnapshot: false };

const entries: Readonly<Record<string, Entry>> = {
  AlterCollationStmt: ["ALTER COLLATION", ["Alter"]],
  AlterDatabaseRefreshCollStmt: ["ALTER DATABASE", ["Alter"]],
  AlterDatabaseStmt: ["ALTER DATABASE", ["Alter"]],
  AlterDefaultPrivilegesStmt: ["ALTER DEFAULT PRIVILEGES", ["Grant"]],
  AlterEnumStmt: ["ALTER TYPE", ["Alter"], changes],
  AlterEventTrigStmt: ["ALTER EVENT TRIGGER", ["Alter"]],
  AlterExtensionContentsStmt: ["ALTER EXTENSION", ["Alter"]],
  AlterFdwStmt: ["ALTER FOREIGN DATA WRAPPER", ["Alter", "Network"]],
  AlterForeignServerStmt: ["ALTER SERVER", ["Alter", "Network"]],
  AlterFunctionStmt: ["ALTER FUNCTION", ["Alter"], changes],
  AlterObjectDependsStmt: ["ALTER FUNCTION", ["Alter"]],
  AlterOpFamilyStmt: ["ALTER OPERATOR FAMILY", ["Alter"]],
  AlterOperatorStmt: ["ALTER OPERATOR", ["Alter"], changes],
  AlterPublicationStmt: ["ALTER PUBLICATION", ["Alter", "Network"]],
  AlterRoleStmt: ["ALTER ROLE", ["Alter", "Grant"], privileges],
  AlterStatsStmt: ["ALTER STATISTICS", ["Alter"]],
  AlterSubscriptionStmt: ["ALTER SUBSCRIPTION", ["Alter", "Network"]],
  AlterTSConfigurationStmt: ["ALTER TEXT SEARCH CONFIGURATION", ["Alter"]],
  AlterTSDictionaryStmt: ["ALTER TEXT SEARCH DICTIONARY", ["Alter"]],
  AlterTableMoveAllStmt: ["ALTER TABLE", ["Alter"], changes],
  AlterTableSpaceOptionsStmt: ["ALTER TABLESPACE", ["Alter"]],
  AlterTypeStmt: ["ALTER TYPE", ["Alter"], changes],
  AlterUserMappingStmt: ["ALTER USER MAPPING", ["Alter", "Network"]],
  CheckPointStmt: ["CHECKPOINT", ["Maintenance"], quiet],
  CompositeTypeStmt: ["CREATE TYPE", ["Create"], changes],
  ConstraintsSetStmt: ["SET CONSTRAINTS", ["Transaction"], quiet],
  CreateAmStmt: ["CREATE ACCESS METHOD", ["Create"], changes],
  CreateCastStmt: ["CREATE CAST", ["Create"], changes],
  CreateConversionStmt: ["CREATE CONVERSION", ["Create"]],
  CreateEnumStmt: ["CREATE TYPE", ["Create"], changes],
  CreateEventTrigStmt: ["CREATE EVENT TRIGGER", ["Create"], changes],
  CreateFdwStmt: ["CREATE FOREIGN DATA WRAPPER", ["Create", "Network"], changes],
  CreateForeignServerStmt: ["CREATE SERVER", ["Create", "Network"]],
  CreateOpClassStmt: ["CREATE OPERATOR CLASS", ["Create"], changes],
  CreateOpFamilyStmt: ["CREATE OPERATOR FAMILY", ["Create"]],
  CreatePLangStmt: ["CREATE LANGUAGE", ["Create", "ExecuteCode"], changes],
  CreateRangeStmt: ["CREATE TYPE", ["Create"], changes],
  CreateRoleStmt: ["CREATE ROLE", ["Create", "Grant"]],
  CreateSubscriptionStmt: ["CREATE SUBSCRIPTION", ["Create", "Network"]],
  CreateTableSpaceStmt: ["CREATE TABLESPACE", ["Create", "File"]],
  CreateTransformStmt: ["CREATE TRANSFORM", ["Create"]],
  CreateUserMappingStmt: ["CREATE USER MAPPING", ["Create", "Network"]],
  DropRoleStmt: ["DROP ROLE", ["Drop", "Grant"]],
  DropSubscriptionStmt: ["DROP SUBSCRIPTION", ["Drop", "Network"]],
  DropTableSpaceStmt: ["DROP TABLESPACE", ["Drop", "File"]],
  DropUserMappingStmt: ["DROP USER MAPPING", ["Drop"]],
  DropOwnedStmt: ["DROP OWNED", ["Drop", "Grant"], both],
  DropdbStmt: ["DROP DATABASE", ["Drop"]],
  GrantRoleStmt: ["GRANT ROLE", ["Grant"], privileges],
  ImportForeignSchemaStmt: ["IMPORT FOREIGN SCHEMA", ["Create", "Network"], changes],
  // What others notify with may hold anything; the session hears it from now on.
  ListenStmt: ["LISTEN", ["SessionChange"], quiet],
  LoadStmt: ["LOAD", ["ExecuteCode", "File"], both],
  // The payload is a constant of the text, so nothing flows.
  NotifyStmt: ["NOTIFY", ["Notify"], quiet],
  ReassignOwnedStmt: ["REASSIGN OWNED", ["Alter", "Grant"]],
  SecLabelStmt: ["SECURITY LABEL", ["Alter"]],
  UnlistenStmt: ["UNLISTEN", ["SessionChange"], quiet],
};

/** Facts by the kind of the node; undefined when there is more to tell. */
export function plainFacts(kind: string): Understood | undefined {
  if (!Object.hasOwn(entries, kind)) return undefined;
  const [words, effects, parts] = entries[kind]!;
  return understood(words, { ...parts, effects });
}
