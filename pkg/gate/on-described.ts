// ParameterDescription, RowDescription and NoData: the shape of a result, and the server's testimony about where it comes from.
import type { Statement } from "../sql/facts.ts";
import { decodeRowDescription, encodeRowDescription, type RowField } from "../wire/postgres/row-description.ts";
import type { Core } from "./core.ts";
import { describedFields } from "./descriptions.ts";
import { openRowFlow } from "./flow.ts";
import { contradictionOf } from "./inspect.ts";
import type { Judged, Owed, Run } from "./model.ts";
import { limitOf } from "./on-row.ts";
import { show } from "./server-lane.ts";
import { witnessRefusal } from "./witness.ts";

export function onDescribed(core: Core, head: Owed, reply: "parameterDescription" | "rowDescription" | "noData"): void {
  if (reply === "parameterDescription") return show(core, head);
  if (head.asked === "query" && head.errand === null) return onQueryDescribed(core, head);
  const told = reply === "rowDescription";
  if (head.errand !== null) head.errand.described(told ? core.frame().subarray(5) : null);
  learnPortal(core, head, told);
  if (head.errand === null && head.prepared !== null && told) testPrepared(core, head);
  const own = head.prepared?.own ?? head.portal?.prepared.own;
  if (own?.do === "show" && told && head.errand === null) describeOwn(core, `weir.${own.what}`);
  else if (head.silent && reply === "rowDescription") core.passCurrent();
  else show(core, head);
}

/** The columns in the RowDescription at hand. */
function fieldsOf(core: Core, statement: Statement | undefined): readonly RowField[] {
  const { buffer, start, end } = core;
  return statement === undefined
    ? decodeRowDescription(buffer, start + 5, end)
    : describedFields(statement.facts, buffer, start + 5, end);
}

function learnPortal(core: Core, head: Owed, told: boolean): void {
  const { portal } = head;
  if (portal === null || head.asked !== "describePortal") return;
  portal.fields = told ? fieldsOf(core, portal.judged?.statement) : [];
  if (portal.judged === null || portal.fields.length === 0) return;
  const why = contradictionOf(core, portal.judged, { fields: portal.fields });
  if (why !== null) portal.poison = witnessRefusal(why);
}

function testPrepared(core: Core, head: Owed): void {
  const { judged } = head.prepared!;
  if (judged === null) return;
  const why = contradictionOf(core, judged, { fields: fieldsOf(core, judged.statement) });
  if (why !== null) head.prepared!.poison = witnessRefusal(why);
}

/** The server describes the setting that stands in for one of ours. */
function describeOwn(core: Core, name: string): void {
  if (core.muzzle !== null) return;
  const fields = decodeRowDescription(core.buffer, core.start + 5, core.end);
  core.reply(encodeRowDescription(fields.map((field) => ({ ...field, name }))));
}

/** A result of a Query begins. */
function onQueryDescribed(core: Core, head: Owed): void {
  const run = head.parts[head.at]?.run ?? null;
  if (run === null || core.muzzle !== null) return show(core, head);
  const fields = fieldsOf(core, run.statement);
  const why = contradictionOf(core, asJudged(run), { fields });
  if (why !== null) return core.silence(witnessRefusal(why), true);
  const own = head.parts[head.at]?.own;
  if (own?.do === "show") return describeOwn(core, own.name);
  show(core, head);
  core.flow = openRowFlow(core, run, fields, limitOf(core, head));
}

function asJudged(run: Run): Judged {
  return { number: run.number, statement: run.statement, decision: run.decision };
}
