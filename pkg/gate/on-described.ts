// ParameterDescription, RowDescription and NoData: the shape of a result, and the server's testimony about where it comes from.
import { decodeRowDescription } from "../wire/postgres/row-description.ts";
import type { Core } from "./core.ts";
import { openRowFlow } from "./flow.ts";
import { contradictionOf } from "./inspect.ts";
import type { Judged, Owed, Run } from "./model.ts";
import { limitOf } from "./on-row.ts";
import { show } from "./server-lane.ts";
import { witnessRefusal } from "./witness.ts";

export function onDescribed(
  core: Core,
  head: Owed,
  reply: "parameterDescription" | "rowDescription" | "noData",
  frame: Buffer,
): void {
  if (reply === "parameterDescription") return show(core, head);
  const body = reply === "noData" ? null : frame.subarray(5);
  if (head.asked === "query" && head.errand === null) return onQueryDescribed(core, head, frame);
  head.errand?.described(body);
  learnPortal(core, head, body);
  if (head.errand === null && head.prepared !== null) testPrepared(core, head, body);
  if (head.silent && reply === "rowDescription") core.passCurrent();
  else show(core, head);
}

function learnPortal(core: Core, head: Owed, body: Buffer | null): void {
  const { portal } = head;
  if (portal === null || head.asked !== "describePortal") return;
  portal.fields = body === null ? [] : decodeRowDescription(body);
  if (portal.judged === null || portal.fields.length === 0) return;
  const why = contradictionOf(core, portal.judged, { fields: portal.fields });
  if (why !== null) portal.poison = witnessRefusal(why);
}

function testPrepared(core: Core, head: Owed, body: Buffer | null): void {
  const { judged } = head.prepared!;
  if (judged === null || body === null) return;
  const why = contradictionOf(core, judged, { fields: decodeRowDescription(body) });
  if (why !== null) head.prepared!.poison = witnessRefusal(why);
}

/** A result of a Query begins. */
function onQueryDescribed(core: Core, head: Owed, frame: Buffer): void {
  const run = head.parts[head.at]?.run ?? null;
  if (run === null || core.muzzle !== null) return show(core, head);
  const fields = decodeRowDescription(frame.subarray(5));
  const why = contradictionOf(core, asJudged(run), { fields });
  if (why !== null) return core.silence(witnessRefusal(why), true);
  show(core, head);
  core.flow = openRowFlow(core, run, fields, limitOf(head));
}

function asJudged(run: Run): Judged {
  return { number: run.number, statement: run.statement, decision: run.decision };
}
