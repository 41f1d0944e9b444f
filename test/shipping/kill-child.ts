// One side of kill.test.ts as a process, which kills itself at the moment that it is told.
// `node kill-child.ts sidecar SPOOL URL SEED CALL COUNT WHEN [CA TOKEN]`: writes records without end and ships them; CALL is a call of the file
// system by writer or shipper, or `post`; CA and TOKEN are files. `node kill-child.ts receiver FOLDER PORT WHEN COUNT`: takes them.
import { writeSync } from "node:fs";
import { type SpoolFiles, systemFiles } from "../../pkg/audit/spool-files.ts";
import { AuditWriter } from "../../pkg/audit/writer.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { CommittedMark } from "../../pkg/shipping/committed.ts";
import { startShipping } from "../../pkg/shipping/shipping.ts";
import { decision, digest, outcome, place } from "../audit/fixtures.ts";
import { seeded } from "../audit/seeded.ts";
import { startReceiver } from "./receiver.ts";

const STATEMENTS_MAX = 1500;

function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;); // the signal is on its way
}

const [role, ...args] = process.argv.slice(2);
if (role === "receiver") await receive(args);
else ship(args);

async function receive([folder, port, fatal, countText]: string[]): Promise<void> {
  let left = Number(countText);
  const dies = (when: string) => when === fatal && --left === 0;
  const receiver = await startReceiver({
    folder: folder!,
    port: Number(port),
    moment: (when) => dies(when) && die(),
    fault: () =>
      dies("body")
        ? (asked) => {
            asked.once("data", die);
            return true;
          }
        : null,
  });
  writeSync(1, `${receiver.port}\n`);
}

function ship([folder, url, seedText, call, countText, when, ca, token]: string[]): void {
  const random = seeded(Number(seedText));
  let left = Number(countText);
  function fatal<T>(name: string, act: () => T, half: () => void = () => {}): T {
    if (name !== call || --left !== 0) return act();
    if (when === "middle") half();
    if (when === "after") act();
    return die();
  }
  const files: SpoolFiles = {
    ...systemFiles,
    openAppend: (file, create) => fatal("openAppend", () => systemFiles.openAppend(file, create)),
    remove: (file) => fatal("remove", () => systemFiles.remove(file)),
    write: (fd, bytes) =>
      fatal(
        "write",
        () => systemFiles.write(fd, bytes),
        () => void systemFiles.write(fd, bytes.subarray(0, 1 + Math.floor(random() * (bytes.length - 1)))),
      ),
    replace: (file, content) =>
      fatal(file.endsWith("shipped.json") ? "progress" : "head", () => systemFiles.replace(file, content)),
  };
  const committed = new CommittedMark();
  const writer = new AuditWriter(
    { folder: folder!, place, productVersion: "0.1.0", digest, segmentBytesMax: 20_000 },
    { clock: systemClock, random: systemRandom, files, committed: (segment, bytes) => committed.set(segment, bytes) },
  );
  const shipping = startShipping(
    {
      folder: folder!,
      claims: place,
      url: url!,
      token: token ?? null,
      ca: ca ?? null,
      certificate: null,
      key: null,
      deadLetterBytesMax: 2 ** 20,
      version: "0.1.0",
      sealMs: 30,
    },
    {
      committed,
      files,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      release: (segment) => writer.release(segment),
      breakChain: (_, why) => {
        writeSync(1, `broken ${why}\n`);
      },
    },
  );
  const session = `session-${process.pid}-${seedText}`;
  let statement = 0;
  const finishes = call === "finish";
  const timer = setInterval(() => {
    // On a slow machine the collector must be able to follow.
    const batches = statement < STATEMENTS_MAX ? 3 : 0;
    for (let batch = 0; batch < batches; batch++) {
      const events = Array.from({ length: 1 + Math.floor(random() * 8) }, () => {
        statement += 1;
        return random() < 0.7
          ? [decision(statement, { session }), outcome(statement, { session })]
          : [decision(statement, { session })];
      });
      writer.write(events.flat());
      const { next, last } = writer.position;
      writeSync(1, `${next - 1} ${last}\n`);
    }
    if (call === "post" && shipping.counters().segments >= left) die();
    if (!finishes || shipping.counters().segments < left) return;
    clearInterval(timer);
    void end();
  }, 5);

  async function end(): Promise<void> {
    writer.close("done");
    const { records } = await shipping.finish({ ...writer.position, depthBytes: 0 }, 90_000);
    writeSync(1, `left ${records}\n`);
    process.exit(0);
  }
}
