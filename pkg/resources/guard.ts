// `guard`: what statements may not do.
import type { Guard, RowsOver } from "../policy/rules.ts";
import {
  type Context,
  checked,
  choice,
  type Decoder,
  decoder,
  list,
  optional,
  record,
  report,
  required,
  textOf,
} from "./decode.ts";
import { EFFECTS, type EffectKind } from "./effects.ts";
import { dottedName } from "./metadata.ts";
import { rules } from "./schema.ts";
import type { Tree } from "./tree.ts";

/** Names of rules that are not guards, as records and refusals show them. */
const reserved = [
  "mask",
  "predicates",
  "laundering",
  "not-understood",
  "functions",
  "statement",
  "setting",
  "write-back",
  "explain",
  "audit",
  "budget",
];
const filterable: readonly EffectKind[] = ["Update", "Delete"];
const countable: readonly EffectKind[] = ["Read", "CopyOut", "Insert", "Update", "Delete"];

const celList = (words: readonly string[]) => `[${words.map((word) => `'${word}'`).join(", ")}]`;

const guardName: Decoder<string> = checked(
  dottedName,
  (name, context, tree) =>
    reserved.includes(name)
      ? report(context, tree.at, `"${name}" is the name of a rule of Weir itself`, "choose another name")
      : name,
  rules({
    rule: `!(self in ${celList(reserved)})`,
    message: `is the name of a rule of Weir itself (${reserved.join(", ")}); choose another name`,
  }),
);

/** Above 0% and up to 100%, with up to three decimals. */
const share = /^(100([.]0{1,3})?|[1-9][0-9]?([.][0-9]{1,3})?|0[.]([1-9][0-9]{0,2}|0[1-9][0-9]?|00[1-9]))%$/;

const rowsOver: Decoder<RowsOver> = decoder(
  {
    "x-kubernetes-int-or-string": true,
    anyOf: [{ type: "integer" }, { type: "string" }],
    pattern: share.source,
    maxLength: 8,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
  },
  (tree, context) => {
    const value = tree.kind === "scalar" ? tree.value : null;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return { rows: value };
    if (typeof value === "string" && share.test(value)) return { share: Number(value.slice(0, -1)) / 100 };
    return report(context, tree.at, "must be a number of rows or a share of the table", 'write 1000 or "10%"');
  },
);

const fields = {
  name: required(
    guardName,
    "name is shown in errors and records, and is this guard's own within the policy. Example: bounded-writes.",
  ),
  effects: required(
    list(choice(...EFFECTS), { min: 1, max: EFFECTS.length }),
    "effects are what the guard is about, whatever the statement looks like: at any depth, in CTEs, functions, EXPLAIN ANALYZE and PREPARE. " +
      "Read, Insert, Update, Delete, Truncate: rows of tables. Create, Alter, Drop, Grant: the schema and its rights. " +
      "CopyIn, CopyOut: COPY from and to the client. File, Network, ExecuteCode: the server's files, its connections, code of its own. " +
      "SessionChange, Lock, Transaction, Maintenance, Notify: SET and RESET, locks, BEGIN to COMMIT, VACUUM and its kin, NOTIFY. " +
      "Example: [Update, Delete].",
  ),
  filter: optional(
    choice("Missing", "NotByKey"),
    null,
    "filter narrows the guard to writes by their condition; for Update and Delete only. Missing: no condition at all. " +
      "NotByKey: anything that is not proven to be equality on a whole unique key. Without it every such statement is meant.",
  ),
  rowsOver: optional(
    rowsOver,
    null,
    "rowsOver narrows the guard to statements that read or write more than this many rows, or more than this share of the table. " +
      "Written rows are counted by the server in the statement's own transaction and rolled back above it. " +
      'Example: 1000, or "10%" (of writes only: of tables that are read no sizes are known, and unknown counts as exceeded).',
  ),
  action: required(
    choice("Deny", "RequireApproval", "Warn"),
    "action is what happens to such a statement. Deny: it is refused, and the transaction goes on as after any error. " +
      "RequireApproval: it is held until the groups of approval agree. Warn: it runs, with a WARNING beside the result; not with rowsOver.",
  ),
  message: optional(
    textOf(1024),
    null,
    'message is what the client reads, so let it say what to do instead. Example: "Schema changes go through the migration pipeline".',
  ),
  approval: optional(
    choice("BeforeRun", "BeforeCommit"),
    null,
    "approval says when RequireApproval asks. BeforeRun, which is meant when nothing is said: run, count, roll back and ask; after the grant " +
      "the statement runs again with at most the granted number of rows. BeforeCommit: it runs once and stays open while asking.",
  ),
};

interface Value {
  readonly effects: readonly EffectKind[];
  readonly filter: unknown;
  readonly rowsOver: RowsOver | null;
  readonly action: string;
}

/** Reports and gives false when a narrowing does not go with an effect or the action. */
function narrowsWell({ effects, filter, rowsOver, action }: Value, context: Context, tree: Tree): boolean {
  const others = (fitting: readonly EffectKind[]) => effects.filter((effect) => !fitting.includes(effect)).join(", ");
  const wrong = (message: string, remedy: string) => {
    report(context, tree.at, message, remedy);
    return false;
  };
  const apart = "make a guard of its own for it";
  if (filter !== null && others(filterable)) return wrong(`filter does not apply to ${others(filterable)}`, apart);
  if (rowsOver !== null && others(countable)) return wrong(`rowsOver does not apply to ${others(countable)}`, apart);
  if (rowsOver !== null && "share" in rowsOver && effects.every((effect) => effect === "Read")) {
    const what = "a share of what is read is not known in this version and counts as exceeded: every read is refused";
    report(context, tree.at, what, "write a number of rows", "warning");
  }
  if (rowsOver !== null && action === "Warn")
    return wrong("Warn with rowsOver is not supported by this version", "use Deny or RequireApproval");
  return true;
}

export const guard: Decoder<Guard> = checked(
  record(fields),
  (value, context, tree) => (narrowsWell(value, context, tree) ? value : undefined),
  rules(
    {
      rule: `!has(self.filter) || self.effects.all(effect, effect in ${celList(filterable)})`,
      message: `filter applies to ${filterable.join(" and ")} only; make a guard of its own for the other effects`,
      fieldPath: ".filter",
    },
    {
      rule: `!has(self.rowsOver) || self.effects.all(effect, effect in ${celList(countable)})`,
      message: `rowsOver applies to ${countable.join(", ")} only; make a guard of its own for the other effects`,
      fieldPath: ".rowsOver",
    },
    {
      rule: "!has(self.rowsOver) || self.action != 'Warn'",
      message: "Warn with rowsOver is not supported by this version; use Deny or RequireApproval",
      fieldPath: ".action",
    },
  ),
);
