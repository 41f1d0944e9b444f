// BEGIN, COMMIT and what belongs to them.
import type { SettingChange, TransactionControl, Understood } from "../facts.ts";
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node } from "../node.ts";
import { transactionModes } from "./settings.ts";
import { understood } from "./understood.ts";

/** Names and CHAIN are the statement's own. */
const controls: Readonly<Record<string, readonly [words: string, control: TransactionControl]>> = {
  TRANS_STMT_BEGIN: ["BEGIN", { do: "begin" }],
  TRANS_STMT_START: ["START TRANSACTION", { do: "begin" }],
  TRANS_STMT_COMMIT: ["COMMIT", { do: "commit", chain: false }],
  TRANS_STMT_ROLLBACK: ["ROLLBACK", { do: "rollback", chain: false }],
  TRANS_STMT_SAVEPOINT: ["SAVEPOINT", { do: "savepoint", name: "" }],
  TRANS_STMT_RELEASE: ["RELEASE", { do: "release", name: "" }],
  TRANS_STMT_ROLLBACK_TO: ["ROLLBACK", { do: "rollback to", name: "" }],
  TRANS_STMT_PREPARE: ["PREPARE TRANSACTION", { do: "prepare" }],
  TRANS_STMT_COMMIT_PREPARED: ["COMMIT PREPARED", { do: "commit prepared" }],
  TRANS_STMT_ROLLBACK_PREPARED: ["ROLLBACK PREPARED", { do: "rollback prepared" }],
};

export function transactionFacts(node: Node): Understood {
  const entry = controls[node.kind];
  if (entry === undefined) throw new NotKnown("transaction statement of an unknown kind");
  const [words, control] = entry;
  const transaction = controlOf(control, node);
  const settings: readonly SettingChange[] =
    list(node.options).length === 0 ? [] : transactionModes(node.options, "transaction");
  // Another's prepared transaction may hold DDL; ending one's own is told by its state.
  const changesCatalog = control.do === "commit prepared";
  return understood(words, { effects: ["Transaction"], transaction, settings, takesSnapshot: false, changesCatalog });
}

function controlOf(control: TransactionControl, node: Node): TransactionControl {
  switch (control.do) {
    case "commit":
    case "rollback":
      return { ...control, chain: node.chain === true };
    case "savepoint":
    case "release":
    case "rollback to":
      return { ...control, name: String(node.savepoint_name ?? "") };
    default:
      return control;
  }
}
