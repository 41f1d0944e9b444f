// Statements as such under a mask: code that cannot be analysed, files and networks, changes of what carries a class, EXPLAIN.
import type { EffectKind, RelationUse, Understood } from "../sql/facts.ts";
import type { Refusal } from "./decision.ts";
import { functionKey } from "./function-key.ts";
import type { MaskView } from "./label.ts";
import { listed, refusal } from "./refusal.ts";
import { pinnedBecause } from "./setting-rule.ts";
import { runsOtherCode } from "./unread-code.ts";

/** Kinds that create or alter something and cannot bring code or move a class by themselves. Every other kind is refused. */
const plainDefinitions: ReadonlySet<string> = new Set([
  "SELECT",
  "SELECT INTO",
  "CREATE TABLE",
  "CREATE TABLE AS",
  "CREATE VIEW",
  "CREATE MATERIALIZED VIEW",
  "CREATE INDEX",
  "CREATE SEQUENCE",
  "CREATE SCHEMA",
  "CREATE TYPE",
  "CREATE STATISTICS",
  "ALTER TABLE",
  "ALTER INDEX",
  "ALTER SEQUENCE",
  "ALTER VIEW",
  "ALTER MATERIALIZED VIEW",
  "COMMENT",
]);

const outside: readonly EffectKind[] = ["File", "Network"];

export function statementRefusals(view: MaskView, facts: Understood): readonly Refusal[] {
  return [
    codeRefusal,
    outsideRefusal,
    foreignRefusal,
    definitionRefusal,
    catalogueRefusal,
    explainRefusal,
    settingRefusal,
  ]
    .map((rule) => rule(view, facts))
    .filter((each) => each !== null);
}

function refuse(view: MaskView, rule: string, message: string, why: string, hint: string): Refusal {
  const { policy } = view.rules.rule;
  return refusal(policy, rule, {
    message,
    detail: `Policy ${policy} masks data for you on this database: ${why}.`,
    hint,
  });
}

/** Functions, procedures of CALL among them, are judged by the function rule. */
function codeRefusal(view: MaskView, facts: Understood): Refusal | null {
  if (!runsOtherCode(facts)) return null;
  return refuse(
    view,
    "statement",
    `${facts.kind} runs code that cannot be analysed`,
    "what such code reads and reveals is not known",
    "Use plain SQL statements, or ask for a function that the policy's owners list under functions.safe.",
  );
}

function outsideRefusal(view: MaskView, facts: Understood): Refusal | null {
  const told = new Set([...facts.effects, ...facts.functions.flatMap((use) => use.effects ?? [])]);
  if (!outside.some((effect) => told.has(effect))) return null;
  return refuse(
    view,
    "statement",
    `${facts.kind} reaches files or the network of the database server`,
    "data that leaves there is not masked",
    "Use COPY ... TO STDOUT or a plain query instead.",
  );
}

function foreignRefusal(view: MaskView, facts: Understood): Refusal | null {
  const opaque = facts.relations.filter(
    (use) => use.kind === "toast" || (use.kind === "foreign" && !vouches(view, use)),
  );
  if (opaque.length === 0) return null;
  return refuse(
    view,
    "statement",
    `${listed(opaque.map(relationName))} is stored where its columns are not known`,
    "what a foreign table holds cannot be traced to its columns",
    "Query another table, or ask the policy's owners to list the table under functions.safe.",
  );
}

function vouches(view: MaskView, use: RelationUse): boolean {
  return view.rules.notVouching(functionKey(relationName(use))).length === 0;
}

function definitionRefusal(view: MaskView, facts: Understood): Refusal | null {
  if (!facts.effects.includes("Create") && !facts.effects.includes("Alter")) return null;
  if (!plainDefinitions.has(facts.kind)) {
    return refuse(
      view,
      "statement",
      `${facts.kind} is not allowed while columns are masked for you`,
      "new code or changed definitions could reveal them",
      "Have someone whose data is not masked make this change.",
    );
  }
  const changed = facts.relations.filter((use) => isDefined(use) && !isNew(view, use) && carriesClass(view, use));
  if (changed.length === 0) return null;
  return refuse(
    view,
    "statement",
    `${facts.kind} may not change ${listed(changed.map(relationName))}, which holds protected columns`,
    "its columns could lose their protection",
    "Have someone whose data is not masked make this change.",
  );
}

function isDefined({ access }: RelationUse): boolean {
  return access.includes("Create") || access.includes("Alter");
}

/** Made by this very statement, so that nothing can be in it yet. */
function isNew({ book }: MaskView, { oid, access }: RelationUse): boolean {
  return !access.includes("Alter") && book?.knows(oid) === false;
}

function carriesClass(view: MaskView, use: RelationUse): boolean {
  if (view.book === null) return true;
  if (!view.book.knows(use.oid)) return !use.temporary;
  return view.rules.protectionIn(view.book, use.oid).length > 0;
}

/** Writing system catalogues changes definitions and settings behind every other rule. */
function catalogueRefusal(view: MaskView, facts: Understood): Refusal | null {
  const written = facts.writes.filter(
    ({ relation }) => relation.schema === "pg_catalog" || relation.schema === "pg_toast",
  );
  if (written.length === 0) return null;
  return refuse(
    view,
    "statement",
    `${listed(written.map(({ relation }) => relationName(relation)))} may not be written`,
    "the server's own catalogues decide what columns are",
    "Use the statement that is made for this change, such as SET or ALTER.",
  );
}

/** EXPLAIN ANALYZE tells counts and EXPLAIN VERBOSE tells expressions of what they run. */
function explainRefusal(view: MaskView, facts: Understood): Refusal | null {
  if (facts.explain === undefined || !(facts.explain.analyze || facts.explain.verbose)) return null;
  const protectedRelations = facts.relations.filter((use) => carriesClass(view, use));
  if (protectedRelations.length === 0) return null;
  const word = facts.explain.analyze ? "ANALYZE" : "VERBOSE";
  return refuse(
    view,
    "explain",
    `EXPLAIN ${word} of ${listed(protectedRelations.map(relationName))} would tell about protected columns`,
    "what it prints is not a value that a mask could hide",
    "Plain EXPLAIN runs, but shows its plan as ***: have someone look at it whose data is not masked.",
  );
}

function settingRefusal(view: MaskView, facts: Understood): Refusal | null {
  for (const change of facts.settings) {
    const because = pinnedBecause(change);
    if (because === null) continue;
    return refuse(
      view,
      "setting",
      `setting ${change.name} may not be changed to this value`,
      because,
      "Leave the setting as the session started with it.",
    );
  }
  return null;
}

function relationName({ schema, name }: RelationUse): string {
  return `${schema}.${name}`;
}
