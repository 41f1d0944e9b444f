// FunctionCall: decided like any statement about which only its function is known. Refused, it becomes a call of OID 0.
import { decidedPermit } from "../policy/permit.ts";
import { decodeFunctionCall } from "../wire/postgres/function-call.ts";
import { notUnderstood } from "./analysis-cache.ts";
import type { Core } from "./core.ts";
import { disturb } from "./disturb.ts";
import { recordDecision } from "./events.ts";
import { judge } from "./judge.ts";
import { refusedBy } from "./raise.ts";

export function onFunctionCall(core: Core, frame: Buffer): void {
  if (core.skipping) return;
  const { oid } = decodeFunctionCall(frame.subarray(5));
  const name = Buffer.from(`FunctionCall of function ${oid}`);
  const judged = judge(
    core,
    notUnderstood(name.length, `a FunctionCall of function ${oid} is not analysed`).statements[0]!,
    true,
  );
  recordDecision(core, "function", judged, name);
  const { decision } = judged;
  if (decision.verdict === "refuse")
    return core.refuseFunctionCall(refusedBy(decision.refusal, null, "function", judged.number));
  disturb(core, judged);
  const run = core.startRun({ number: judged.number, statement: judged.statement, decision, text: name });
  core.ask(frame, decidedPermit, { asked: "function", parts: [{ run, shown: true, standIn: null }] });
}
