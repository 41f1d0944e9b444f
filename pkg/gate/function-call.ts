// FunctionCall: decided like any statement about which only its function is known. Refused, it becomes a call of OID 0.
import { decidedPermit } from "../policy/permit.ts";
import type { Statement } from "../sql/facts.ts";
import { decodeFunctionCall } from "../wire/postgres/function-call.ts";
import { confirm } from "./all-clear.ts";
import { notUnderstood } from "./analysis-cache.ts";
import type { Core } from "./core.ts";
import { disturb } from "./disturb.ts";
import { recordDecision } from "./events.ts";
import { judge } from "./judge.ts";
import { refusedBy } from "./raise.ts";

export function onFunctionCall(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  const name = Buffer.from(`FunctionCall of function ${decodeFunctionCall(frame.subarray(5)).oid}`);
  const statement = callOf(name);
  if (!core.unsynced) core.allClear.over();
  // A call that is cancelled while the server is asked is decided without its answer.
  confirm(core, [statement], null, () => call(core, frame, statement, name));
}

function callOf(name: Buffer): Statement {
  const [unread] = notUnderstood(name.length, `a ${name} is not analysed`).statements;
  const { facts } = unread!;
  return { ...unread!, facts: facts.understood ? facts : { ...facts, takesSnapshot: true } };
}

function call(core: Core, frame: Buffer, statement: Statement, name: Buffer): void {
  const judged = judge(core, statement, true);
  recordDecision(core, "function", judged, name);
  const { decision } = judged;
  if (decision.verdict === "refuse")
    return core.refuseFunctionCall(refusedBy(decision.refusal, null, "function", judged.number));
  disturb(core, judged);
  const run = core.startRun({ number: judged.number, statement, decision, text: name });
  core.ask(frame, decidedPermit, { asked: "function", parts: [{ run, shown: true, standIn: null }] });
}
