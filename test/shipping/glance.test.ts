// What is read of a record by position is what stands in it, whatever its texts hold.
import fc from "fast-check";
import type { AuditEvent } from "../../pkg/audit/event.ts";
import { parseLine } from "../../pkg/audit/line.ts";
import { glanceAt } from "../../pkg/shipping/glance.ts";
import { fieldsOf, Message } from "../../pkg/shipping/protobuf.ts";
import { DecisionReader, readOutcome } from "../../pkg/telemetry/decision-glance.ts";
import { ana, decision, newFolder, openWriter, outcome, removeFolders, session } from "../audit/fixtures.ts";
import { linesOf } from "../audit/spool-lines.ts";

afterEach(removeFolders);

/** Texts that look like what is looked for. */
const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom(
    '"sequence":7,"uid":"',
    '"severity_id":9',
    '"time":1,"type_uid":2,"unmapped":{"weir":{"chain":{"previous":"',
    '","step":"copy',
    '"duration_us":1',
    '","status":"completed',
    '"query_info":{"name":"normalized"',
    '"class_uid":3002,',
    '","traceparent":"00-',
    '"message":"Session refused"',
    "\\",
    '"',
  ),
);

const names: Readonly<Record<string, string>> = {
  decision: "weir.query",
  outcome: "weir.query.outcome",
  "session open": "weir.session.start",
  "session close": "weir.session.end",
  "session refused": "weir.auth.failure",
  policy: "weir.policy.changed",
};

test("chain, number, time, name and what telemetry needs agree with the parsed record", () => {
  fc.assert(
    fc.property(text, text, text, fc.constantFrom("allow", "refuse", "hold", "observe"), (a, b, c, verdict) => {
      const folder = newFolder();
      const writer = openWriter(folder);
      const principal = { ...ana, name: a, groups: [b] };
      const events: AuditEvent[] = [
        session("open", { principal, application: c }),
        decision(1, {
          principal,
          application: b,
          reason: a,
          verdict,
          step: "execute",
          rules: [{ policy: a, rule: c }],
        }),
        outcome(1, { status: "failed", sqlstate: "22012", durationUs: 77 }),
        decision(2, { principal, text: { form: "normalized", text: `SELECT ${a} FROM t`, fingerprint: b } }),
        outcome(2, { rows: null, durationUs: 0 }),
        session("refused", { principal, reason: b }),
        { event: "policy", version: a, reason: b },
        session("close", { principal }),
      ];
      writer.write(events);
      writer.close(c);
      const reader = new DecisionReader();
      for (const line of linesOf(folder)) {
        const { record } = parseLine(Buffer.from(line))!;
        const parsed = JSON.parse(record.toString());
        const { weir } = parsed.unmapped;
        const kind = [weir.kind, ...(weir.kind === "session" ? [weir.phase] : [])].join(" ");
        const blocked = { 0: "weir.query.held", 2: "weir.query.blocked" }[parsed.action_id as 0 | 2];
        expect(glanceAt(record)).toEqual({
          chain: weir.chain.uid,
          number: parsed.metadata.sequence,
          previous: weir.chain.previous,
          timeMs: parsed.time,
          name: blocked ?? names[kind] ?? "weir.chain",
          severity: parsed.severity_id,
        });
        if (weir.kind === "decision")
          expect(reader.read(record)).toMatchObject({
            key: `5e55/${weir.statement}`,
            isOfClient: true,
            isStopped: weir.verdict === "refuse" || weir.verdict === "hold",
            query: { text: parsed.query_info.query_string },
            database: "shop",
          });
        if (weir.kind === "outcome")
          expect(readOutcome(record)).toEqual({
            key: `5e55/${weir.statement}`,
            durationUs: weir.duration_us,
            hasRun: weir.statement === 1,
            sqlstate: parsed.status_code ?? null,
            status: parsed.status,
          });
      }
    }),
    { numRuns: 60 },
  );
});

test("whatever the bytes are, reading them never fails", () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(bytes, (record) => {
      glanceAt(record);
      readOutcome(record);
      new DecisionReader().read(record);
      fieldsOf(record);
    }),
  );
});

test("messages are read back as they were written", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(2 ** 31), fc.bigInt({ min: 0n, max: 2n ** 63n }), (string, whole, fixed) => {
      const inner = new Message().text(1, string).whole(2, whole);
      const bytes = new Message().message(3, inner).fixed64(4, fixed).bytes();
      const [[, first], [, second]] = fieldsOf(bytes) as [[number, Buffer], [number, Buffer]];
      expect(fieldsOf(first)).toEqual([
        [1, Buffer.from(string)],
        [2, whole],
      ]);
      expect(second.readBigUInt64LE()).toBe(fixed);
    }),
  );
});
