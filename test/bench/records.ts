// What a statement's two records cost, alone: encoding, hash and chain, and the write to the spool, by how many decisions one write holds.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpoolFiles, systemFiles } from "../../pkg/audit/spool-files.ts";
import { AuditWriter } from "../../pkg/audit/writer.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { decision, digest, outcome, place, session } from "../audit/fixtures.ts";
import { short, table } from "./medians.ts";
import type { Bench, Section } from "./section.ts";

const TOGETHER = [1, 4, 16] as const;
const unwritten: SpoolFiles = { ...systemFiles, write: (_, bytes) => bytes.length };

export async function measureRecords(bench: Bench): Promise<readonly Section[]> {
  const statements = bench.isShort ? 2_000 : 200_000;
  const rows = TOGETHER.map((together) => {
    const written = cost(systemFiles, statements, together);
    const made = cost(unwritten, statements, together);
    return [String(together), short(made), short(written), short(written - made)];
  });
  bench.say("records");
  const head = ["statements a write", "made, µs", "made and written, µs", "the write, µs"];
  const body = `The records of decision and outcome together, CPU a statement, on this disk's page cache.\n\n${table(head, rows)}`;
  return [
    {
      title: "Records",
      body,
      aims: [
        {
          what: "a record",
          found: `${short(Number(rows[0]![2]) / 2)} µs alone, ${short(Number(rows[1]![2]) / 2)} µs in writes of four statements`,
          aim: "at most 3 µs",
        },
      ],
    },
  ];
}

function cost(files: SpoolFiles, statements: number, together: number): number {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const options = { folder: join(folder, "spool"), place, productVersion: "bench", digest, totalBytesMax: 2 ** 36 };
  const writer = new AuditWriter(options, { clock: systemClock, random: systemRandom, files });
  writer.write([session("open")]);
  const { rules, masks, text, facts } = decision(0);
  const run = (from: number, to: number) => {
    for (let n = from; n < to; n += together) {
      const numbers = Array.from({ length: together }, (_, i) => n + i);
      const outcomes = n === 0 ? [] : numbers.map((number) => outcome(number - together));
      writer.write([...outcomes, ...numbers.map((number) => decision(number, { rules, masks, text, facts }))]);
    }
  };
  const warmUp = Math.ceil(statements / 4 / together) * together;
  run(0, warmUp);
  const before = process.cpuUsage();
  run(warmUp, warmUp + statements);
  const { user, system } = process.cpuUsage(before);
  writer.close("done");
  rmSync(folder, { recursive: true, force: true });
  return (user + system) / statements;
}
