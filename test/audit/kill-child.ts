// A sidecar's writing side for kill.test.ts: writes batches without end, tells on standard output what was acknowledged, and kills
// itself at the call that it is told: `node kill-child.ts FOLDER SEED CALL COUNT WHEN`.
import { writeSync } from "node:fs";
import { keyedDigest } from "../../pkg/audit/digest.ts";
import type { AuditEvent } from "../../pkg/audit/event.ts";
import { type SpoolFiles, systemFiles } from "../../pkg/audit/spool-files.ts";
import { AuditWriter } from "../../pkg/audit/writer.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { decision, outcome, place } from "./fixtures.ts";
import { seeded } from "./seeded.ts";

const [folder, seedText, call, countText, when] = process.argv.slice(2);
const random = seeded(Number(seedText));
let left = Number(countText);

function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;); // the signal is on its way
}

/** Around the call that is to be the last: `before` it, `after` it, or in the `middle` of its bytes. */
function fatal<T>(name: string, act: () => T, half: () => void): T {
  if (name !== call || --left !== 0) return act();
  if (when === "middle") half();
  if (when === "after") act();
  return die();
}

const files: SpoolFiles = {
  ...systemFiles,
  openAppend: (file, create) =>
    fatal(
      "openAppend",
      () => systemFiles.openAppend(file, create),
      () => {},
    ),
  write: (fd, bytes) =>
    fatal(
      "write",
      () => systemFiles.write(fd, bytes),
      () => void systemFiles.write(fd, bytes.subarray(0, 1 + Math.floor(random() * (bytes.length - 1)))),
    ),
  truncate: (fd, length) =>
    fatal(
      "truncate",
      () => systemFiles.truncate(fd, length),
      () => {},
    ),
  replace: (file, content) =>
    fatal(
      "replace",
      () => systemFiles.replace(file, content),
      () => {},
    ),
};

// Every look at the clock is a fifth of a second later, so that heads are written often.
let nowMs = Date.now();
const clock = { nowMs: () => (nowMs += 200), monotonicNs: () => BigInt(nowMs) * 1_000_000n };

const writer = new AuditWriter(
  {
    folder: folder!,
    place,
    productVersion: "0.1.0",
    digest: keyedDigest(Buffer.alloc(32, 7)),
    segmentBytesMax: 60_000,
  },
  { clock, random: systemRandom, files },
);
const session = `session-${process.pid}-${seedText}`;
for (let statement = 1; ; ) {
  const batch: AuditEvent[] = [];
  for (let rest = Math.floor(random() * 12); rest >= 0; rest--, statement++) {
    batch.push(decision(statement, { session }));
    if (random() < 0.7) batch.push(outcome(statement, { session }));
  }
  writer.write(batch);
  const { next, last } = writer.position;
  writeSync(1, `${next - 1} ${last}\n`);
}
