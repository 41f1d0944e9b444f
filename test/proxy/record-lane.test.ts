// The way to the records: one write a turn, nothing goes on before it, and a failure stops those whose records it cost and no others.
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { AuditUnavailable } from "../../pkg/audit/audit-unavailable.ts";
import type { AuditEvent } from "../../pkg/audit/event.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { RecordLane } from "../../pkg/proxy/record-lane.ts";
import { jsonLogger } from "../../pkg/runtime/logger.ts";
import { decision, newFolder, openWriter, outcome, removeFolders } from "../audit/fixtures.ts";
import { kindsOf } from "../audit/spool-lines.ts";

afterEach(removeFolders);

function lane(write: (events: readonly AuditEvent[], durability?: "Process" | "Node") => void) {
  const log: string[] = [];
  const made = new RecordLane(
    { write },
    jsonLogger(
      (line) => log.push(line),
      "warn",
      () => 0,
    ),
  );
  return { lane: made, log };
}

const name = (event: AuditEvent) => ("statement" in event ? `${event.event} ${event.statement}` : event.event);

test("what is asked in one turn is one write, in order, and goes on after it", async () => {
  const seen: string[] = [];
  const { lane: records } = lane((events, durability) => seen.push(`${durability}: ${events.map(name).join(", ")}`));
  records.later([outcome(1)]);
  records.ask([decision(2)], "Process", (recorded) => seen.push(`2 ${recorded}`));
  records.ask([decision(3)], "Node", (recorded) => seen.push(`3 ${recorded}`));
  expect(seen).toEqual([]);
  await turn();
  expect(seen).toEqual(["Node: outcome 1, decision 2, decision 3", "2 true", "3 true"]);
});

test("an outcome waits a little, and not for ever", async () => {
  const seen: string[] = [];
  const { lane: records } = lane((events) => seen.push(...events.map(name)));
  records.later([outcome(1)]);
  await turn();
  expect(seen).toEqual([]);
  for (let waitedMs = 0; seen.length === 0 && waitedMs < 5_000; waitedMs += 5) await delay(5);
  expect(seen).toEqual(["outcome 1"]);
});

test("when the spool fails, what was written goes on and the rest does not", async () => {
  const told: string[] = [];
  const { lane: records, log } = lane(() => {
    const failure = new AuditUnavailable("full", "no room");
    failure.recorded = 2;
    throw failure;
  });
  for (const [at, events] of [[decision(1)], [decision(2)], [decision(3), decision(4)]].entries())
    records.ask(events, "Process", (recorded) => told.push(`${at} ${recorded}`));
  await turn();
  expect(told).toEqual(["0 true", "1 true", "2 false"]);
  expect(log).toHaveLength(1);
});

test("an event that cannot be written down costs its own session only", async () => {
  const folder = newFolder();
  const writer = openWriter(folder);
  const { lane: records } = lane((events, durability) => writer.write(events, durability));
  const told: string[] = [];
  const broken = decision(2, { text: { form: "digest", hmac: null as unknown as string, fingerprint: null } });
  for (const event of [decision(1), broken, decision(3)])
    records.ask([event], "Process", (recorded) => told.push(`${event.statement} ${recorded}`));
  await turn();
  expect(told).toEqual(["1 true", "2 false", "3 true"]);
  records.now([outcome(1), outcome(3)]);
  expect(writer.counters().unrecorded).toBe(1);
  writer.close("done");
  expect(kindsOf(folder).filter((kind) => kind.startsWith("decision"))).toEqual(["decision 1", "decision 3"]);
  expect((await verifySpool(folder)).verdict).toBe("intact");
});
