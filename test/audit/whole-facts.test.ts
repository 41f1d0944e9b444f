// Facts lie whole in one record of a segment and are named by the others: whatever fails in between, every name leads to them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { AuditUnavailable } from "../../pkg/audit/audit-unavailable.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { WholeFacts } from "../../pkg/audit/whole-facts.ts";
import { faultyFiles } from "./faulty-files.ts";
import { decision, facts, fixedClock, newFolder, openWriter, removeFolders } from "./fixtures.ts";
import { type Json, recordsOf, segmentsOf } from "./spool-lines.ts";

afterEach(removeFolders);

/** Statement number and facts of every decision, read segment by segment. */
function read(folder: string): [number, unknown][] {
  return segmentsOf(folder).flatMap((name) => {
    const whole = new WholeFacts();
    return readFileSync(join(folder, name), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line).record)
      .filter((record: Json) => record.unmapped.weir.kind === "decision")
      .map((record: Json): [number, unknown] => [record.unmapped.weir.statement, whole.of(record)]);
  });
}

test("the second record of a statement names the first", () => {
  const folder = newFolder();
  const writer = openWriter(folder);
  writer.write([decision(1)]);
  writer.write([decision(2), decision(3, { facts: { ...facts, kind: "other" } })]);
  writer.close("done");
  const told = recordsOf(folder).flatMap(({ unmapped }) =>
    unmapped.weir.kind === "decision" ? [unmapped.weir.facts] : [],
  );
  expect(told).toEqual([facts, { record: 1 }, { ...facts, kind: "other" }]);
});

test("a run never names a record of another", () => {
  const folder = newFolder();
  for (const statement of [1, 2]) {
    const writer = openWriter(folder);
    writer.write([decision(statement)]);
    writer.close("done");
  }
  expect(JSON.stringify(recordsOf(folder))).not.toContain('"facts":{"record"');
});

test("names lead to whole facts, over any sequence of writes, failures and segments", async () => {
  const known = [facts, { ...facts, kind: "second" }, { ...facts, kind: "third" }];
  const writes = fc.array(
    fc.record({ which: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 4 }), fails: fc.boolean() }),
    { maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(writes, async (steps) => {
      const folder = newFolder();
      let fails = false;
      const clock = fixedClock();
      const files = faultyFiles({ before: (call) => (fails && call === "write" ? "ENOSPC" : null) });
      const writer = openWriter(folder, { segmentBytesMax: 6_000 }, { files, clock });
      const written: [number, unknown][] = [];
      let statement = 0;
      for (const step of steps) {
        fails = step.fails;
        const events = step.which.map((which) => decision(++statement, { facts: known[which]! }));
        try {
          writer.write(events);
          written.push(...events.map((event): [number, unknown] => [event.statement, event.facts]));
        } catch (error) {
          if (!(error instanceof AuditUnavailable)) throw error;
        }
        clock.advance(1000);
      }
      fails = false;
      writer.close("done");
      expect(read(folder)).toEqual(written);
      expect((await verifySpool(folder)).verdict).toBe("intact");
    }),
    { numRuns: 60 },
  );
});
