import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { AuditUnavailable } from "../../pkg/audit/audit-unavailable.ts";
import { systemFiles } from "../../pkg/audit/spool-files.ts";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { type Faults, faultyFiles } from "./faulty-files.ts";
import { decision, fixedClock, newFolder, openWriter, outcome, removeFolders, session } from "./fixtures.ts";
import { forged, type Json, kindsOf, linesOf, recordsOf, rewrite, segmentsOf } from "./spool-lines.ts";

afterEach(removeFolders);

function failure(act: () => void): AuditUnavailable {
  try {
    act();
  } catch (error) {
    if (error instanceof AuditUnavailable) return error;
    throw error;
  }
  throw new Error("nothing failed");
}

test("what was written is in the file when write returns, in order, numbered from the beginning of the chain", () => {
  const folder = newFolder();
  const writer = openWriter(folder);
  writer.write([session("open"), decision(1), outcome(1)]);
  expect(kindsOf(folder)).toEqual(["chain begin", "session open", "decision 1", "outcome 1 completed"]);
  expect(recordsOf(folder).map((record) => record.metadata.sequence)).toEqual([0, 1, 2, 3]);
  writer.close("done");
});

test("all events of one call go out in one write", () => {
  const calls: string[] = [];
  const writer = openWriter(newFolder(), {}, { files: faultyFiles({}, calls) });
  calls.length = 0;
  writer.write([decision(1), decision(2), decision(3)]);
  expect(calls).toEqual(["write"]);
  writer.close("done");
});

test("a call of any size is recorded, in writes of bounded size", async () => {
  const folder = newFolder();
  const writer = openWriter(folder);
  writer.write(Array.from({ length: 3000 }, (_, statement) => decision(statement)));
  expect(writer.counters().openDecisions).toBe(3000);
  expect(writer.counters().writes).toBeLessThan(10);
  writer.close("done");
  expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", records: 6002 });
});

test("with durability Node the data reaches the device before write returns", () => {
  const calls: string[] = [];
  const writer = openWriter(newFolder(), { durability: "Node" }, { files: faultyFiles({}, calls) });
  calls.length = 0;
  writer.write([decision(1)]);
  expect(calls).toEqual(["write", "datasync"]);
  writer.write([outcome(1)], "Process");
  expect(calls).toEqual(["write", "datasync", "write"]);
  writer.close("done");
});

test("only its owner may read the spool", () => {
  const folder = newFolder();
  openWriter(folder).close("done");
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder))
    expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
});

test("segments end at their limit and the chain goes on in the next", async () => {
  const folder = newFolder();
  const writer = openWriter(folder, { segmentBytesMax: 8_000 });
  for (let statement = 1; statement <= 20; statement++) writer.write([decision(statement), outcome(statement)]);
  writer.close("done");
  const sizes = segmentsOf(folder).map((name) => statSync(join(folder, name)).size);
  expect(sizes.length).toBeGreaterThan(5);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(8_000);
  expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", records: 42 });
});

describe("one folder, one sidecar", () => {
  test("a second one is told to take a folder of its own", () => {
    const folder = newFolder();
    const first = openWriter(folder);
    expect(failure(() => openWriter(folder))).toMatchObject({
      code: "locked",
      message: expect.stringContaining("give every sidecar a folder of its own"),
    });
    first.write([decision(1)]);
    first.close("done");
    openWriter(folder).close("done");
  });
});

describe("after a restart", () => {
  test("the chain goes on where it stopped", async () => {
    const folder = newFolder();
    const first = openWriter(folder);
    first.write([decision(1), outcome(1)]);
    const before = first.position;
    first.close("SIGTERM");
    const second = openWriter(folder);
    second.write([decision(2), outcome(2)]);
    expect(second.position.chain).toBe(before.chain);
    second.close("SIGTERM");
    expect(kindsOf(folder)).toEqual([
      "chain begin",
      "decision 1",
      "outcome 1 completed",
      "chain close",
      "chain resume",
      "decision 2",
      "outcome 2 completed",
      "chain close",
    ]);
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", exitCode: 0 });
  });

  test("decisions that never heard their outcome end as unknown, with who and where", async () => {
    const folder = newFolder();
    crash(folder, (writer) => writer.write([decision(1), decision(2), outcome(2), decision(3)]));
    openWriter(folder).close("done");
    expect(kindsOf(folder).slice(5)).toEqual(["chain resume", "outcome 1 unknown", "outcome 3 unknown", "chain close"]);
    const [decided, , , , , ended] = recordsOf(folder).slice(1);
    expect(ended).toMatchObject({
      actor: decided.actor,
      src_endpoint: decided.src_endpoint,
      database: decided.database,
      activity_id: decided.activity_id,
    });
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
  });

  test("an open decision many segments back is still found and closed", () => {
    const folder = newFolder();
    crash(
      folder,
      (writer, clock) => {
        writer.write([decision(1)]);
        for (let statement = 2; statement < 40; statement++) {
          writer.write([decision(statement), outcome(statement)]);
          clock.advance(1_500);
        }
      },
      { segmentBytesMax: 8_000 },
    );
    openWriter(folder).close("done");
    expect(kindsOf(folder).slice(-3)).toEqual(["chain resume", "outcome 1 unknown", "chain close"]);
  });

  test("only segments that may hold an open decision are read again", () => {
    const folder = newFolder();
    crash(
      folder,
      (writer, clock) => {
        for (let statement = 1; statement < 60; statement++) {
          writer.write([decision(statement), outcome(statement)]);
          clock.advance(1_500);
        }
      },
      { segmentBytesMax: 8_000 },
    );
    const read: string[] = [];
    const files = {
      ...systemFiles,
      openRead: (file: string) => {
        read.push(file);
        return systemFiles.openRead(file);
      },
      read: (fd: number, into: Uint8Array, position: number) => {
        read.push("bytes");
        return systemFiles.read(fd, into, position);
      },
    };
    openWriter(folder, {}, { files }).close("done");
    expect(segmentsOf(folder).length).toBeGreaterThan(10);
    expect(read.filter((call) => call === "bytes").length).toBeLessThan(10);
  });

  test("a torn last record is cut off, told, and not missed: nobody was told that it was written", async () => {
    const folder = newFolder();
    crash(folder, (writer) => writer.write([decision(1), outcome(1)]));
    appendFileSync(join(folder, segmentsOf(folder)[0]!), linesOf(folder)[1]!.slice(0, 100));
    expect(await verifySpool(folder)).toMatchObject({ verdict: "torn", exitCode: 6 });
    openWriter(folder).close("done");
    expect(recordsOf(folder)[3].unmapped.weir).toMatchObject({
      kind: "chain",
      phase: "resume",
      details: { cleanly: false, tornBytes: 100 },
    });
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
  });

  test("the very first record torn is as if nothing had been written", async () => {
    const folder = newFolder();
    crash(folder, () => {});
    truncateSync(join(folder, segmentsOf(folder)[0]!), 100);
    openWriter(folder).close("done");
    expect(kindsOf(folder)).toEqual(["chain begin", "chain close"]);
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", segments: 1 });
  });

  test("a spool that was altered meanwhile is left as it is, and a new chain begins that says so", async () => {
    const folder = newFolder();
    crash(folder, (writer) => writer.write([decision(1), outcome(1), decision(2), outcome(2)]));
    rewrite(folder, (lines) =>
      lines.map((line, index) => (index === 2 ? line.replace("completed", "cancelled") : line)),
    );
    const before = readFileSync(join(folder, segmentsOf(folder)[0]!));
    openWriter(folder).close("done");
    expect(readFileSync(join(folder, segmentsOf(folder)[0]!))).toEqual(before);
    const begin = recordsOf(folder)[5];
    expect(begin).toMatchObject({ severity_id: 4, metadata: { sequence: 0 } });
    expect(begin.unmapped.weir.details.predecessor).toMatchObject({
      why: "damaged",
      number: 4,
      detail: "segment-000000000001.jsonl: line 3 is not as it was written",
    });
    expect(await verifySpool(folder)).toMatchObject({
      verdict: "altered",
      counts: { altered: 1, "wrong-first": 0, truncated: 0 },
    });
  });

  test("a forged line that is no JSON, hash and all, is damage and does not keep the sidecar from starting", async () => {
    const folder = newFolder();
    crash(folder, (writer) => writer.write([decision(1), outcome(1)]));
    rewrite(folder, (lines) =>
      lines.with(
        1,
        forged(lines[1]!, () => '{"broken":'),
      ),
    );
    openWriter(folder).close("done");
    expect(recordsOfValid(folder).at(-2)?.unmapped.weir.details.predecessor).toMatchObject({ why: "damaged" });
    expect(await verifySpool(folder)).toMatchObject({ verdict: "altered" });
  });

  test("records that the head knows and the segments have lost are told by the new chain, and no number is given twice", async () => {
    const folder = newFolder();
    const clock = fixedClock();
    crash(
      folder,
      (writer) => {
        writer.write([decision(1), outcome(1)]);
        clock.advance(2_000);
        writer.write([decision(2), outcome(2)]);
        writer.tick();
      },
      {},
      clock,
    );
    clock.advance(2_000);
    rewrite(folder, (lines) => lines.slice(0, 2));
    openWriter(folder).close("done");
    const begin = recordsOf(folder)[2].unmapped.weir;
    expect(begin.details.predecessor).toMatchObject({ why: "lost", number: 1, knownNumber: 4 });
    expect(await verifySpool(folder)).toMatchObject({ verdict: "truncated", counts: { truncated: 3 } });
  });

  test("an unfinished segment without a byte in it does no harm", async () => {
    const folder = newFolder();
    crash(folder, (writer) => writer.write([decision(1), outcome(1)]));
    appendFileSync(join(folder, "segment-000000000002.jsonl"), "");
    openWriter(folder).close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", records: 5 });
  });

  test("a second restart after damage goes on with the new chain, with or without the head", async () => {
    const folder = newFolder();
    crash(folder, (writer) => writer.write([decision(1), outcome(1)]));
    rewrite(folder, (lines) =>
      lines.map((line, index) => (index === 1 ? line.replace("customers", "custamers") : line)),
    );
    openWriter(folder).close("done");
    openWriter(folder).close("done");
    rmSync(join(folder, "head.json"));
    openWriter(folder).close("done");
    expect(new Set(recordsOf(folder).map((record) => record.unmapped.weir.chain.uid)).size).toBe(2);
  });
});

describe("when the disk fails", () => {
  test.each(["ENOSPC", "EIO", "EACCES"])(
    "%s: the caller is told file and remedy, nothing half-written stays, and it heals by itself",
    async (code) => {
      const folder = newFolder();
      const faults: Faults = {};
      const clock = fixedClock();
      const writer = openWriter(folder, {}, { files: faultyFiles(faults), clock });
      writer.write([decision(1), outcome(1)]);
      let writes = 0;
      faults.short = () => 300;
      faults.before = (call) => (call === "write" && ++writes > 1 ? code : null);
      const error = failure(() => writer.write([decision(2)]));
      expect(error).toMatchObject({
        code: "io",
        message: expect.stringContaining(`segment-000000000001.jsonl (${code})`),
      });
      expect(writer.writable).toBe(false);
      expect(linesOf(folder)).toHaveLength(3);
      expect(writer.counters()).toMatchObject({ failures: 1, unrecorded: 1, openDecisions: 0 });
      delete faults.before;
      delete faults.short;
      clock.advance(250);
      expect(writer.writable).toBe(true);
      writer.write([decision(3), outcome(3)]);
      writer.close("done");
      expect(kindsOf(folder)).toEqual([
        "chain begin",
        "decision 1",
        "outcome 1 completed",
        "chain gap",
        "decision 3",
        "outcome 3 completed",
        "chain close",
      ]);
      expect(recordsOf(folder)[3].unmapped.weir.details).toMatchObject({ unrecorded: 1 });
      expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
    },
  );

  test("a write cut short by the system goes on until it is complete", async () => {
    const folder = newFolder();
    const writer = openWriter(folder, {}, { files: faultyFiles({ short: (bytes) => Math.min(bytes, 97) }) });
    writer.write([decision(1), outcome(1)]);
    writer.close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", records: 4 });
  });

  test("what a failed write left is cut back before anything else is written, even if that fails at first", async () => {
    const folder = newFolder();
    const faults: Faults = {};
    const writer = openWriter(folder, {}, { files: faultyFiles(faults) });
    let writes = 0;
    faults.short = () => 50;
    faults.before = (call) => (call === "truncate" || (call === "write" && ++writes > 1) ? "EIO" : null);
    failure(() => writer.write([decision(1)]));
    failure(() => writer.write([decision(1)]));
    expect(statSync(join(folder, segmentsOf(folder)[0]!)).size % 1000).not.toBe(0);
    delete faults.before;
    delete faults.short;
    writer.write([decision(2), outcome(2)]);
    writer.close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
  });

  test("a failed fdatasync is a failed write", async () => {
    const folder = newFolder();
    const faults: Faults = {};
    const writer = openWriter(folder, { durability: "Node" }, { files: faultyFiles(faults) });
    faults.before = (call) => (call === "datasync" ? "EIO" : null);
    failure(() => writer.write([decision(1)]));
    expect(linesOf(folder)).toHaveLength(1);
    delete faults.before;
    writer.close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
  });

  test("a segment that cannot be begun leaves the old one in use", async () => {
    const folder = newFolder();
    const faults: Faults = {};
    const writer = openWriter(folder, { segmentBytesMax: 4_000 }, { files: faultyFiles(faults) });
    writer.write([decision(1), outcome(1)]);
    faults.before = (call) => (call === "openAppend" ? "EMFILE" : null);
    expect(failure(() => writer.write([decision(2)])).message).toMatch(/begin a segment in .*EMFILE.*raise the limit/);
    delete faults.before;
    writer.write([decision(3), outcome(3)]);
    writer.close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
  });

  test("a full disk at the start does not keep the sidecar from starting; what is owed comes first when there is room", async () => {
    const folder = newFolder();
    crash(folder, (writer) => writer.write([decision(1)]));
    const faults: Faults = { before: (call) => (call === "write" ? "ENOSPC" : null) };
    const clock = fixedClock();
    const writer = openWriter(folder, {}, { files: faultyFiles(faults), clock });
    expect(writer.writable).toBe(false);
    delete faults.before;
    clock.advance(1_000);
    writer.write([decision(2), outcome(2)]);
    writer.close("done");
    expect(kindsOf(folder)).toEqual([
      "chain begin",
      "decision 1",
      "chain resume",
      "outcome 1 unknown",
      "decision 2",
      "outcome 2 completed",
      "chain close",
    ]);
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
  });

  test("a folder that cannot be made is an error with file and remedy", () => {
    const files = faultyFiles({ before: (call) => (call === "makeFolder" ? "EROFS" : null) });
    const folder = newFolder();
    expect(failure(() => openWriter(folder, {}, { files })).message).toBe(
      `audit spool: cannot create ${folder} (EROFS): the file system is read-only: mount the spool's volume writable`,
    );
  });

  test("a head that cannot be written is counted, not fatal", () => {
    const clock = fixedClock();
    const writer = openWriter(
      newFolder(),
      {},
      { clock, files: faultyFiles({ before: (call) => (call === "replace" ? "ENOSPC" : null) }) },
    );
    clock.advance(5_000);
    writer.write([decision(1), outcome(1)]);
    expect(writer.counters()).toMatchObject({ failures: 0, headFailures: 1 });
    writer.close("done");
  });
});

test("a clock that is set back neither keeps the head from being written nor the writer from trying again", () => {
  const faults: Faults = {};
  const calls: string[] = [];
  const clock = fixedClock();
  const writer = openWriter(newFolder(), {}, { clock, files: faultyFiles(faults, calls) });
  faults.before = (call) => (call === "write" ? "EIO" : null);
  failure(() => writer.write([decision(1)]));
  delete faults.before;
  clock.advance(-3_600_000);
  expect(writer.writable).toBe(true);
  writer.write([decision(2), outcome(2)]);
  expect(calls).toContain("replace");
  writer.close("done");
});

test("an event that cannot be encoded is refused, counted, and harms nothing else", async () => {
  const folder = newFolder();
  const writer = openWriter(folder);
  const broken = decision(1, { policyVersion: null as unknown as string });
  expect(failure(() => writer.write([broken]))).toMatchObject({ code: "encoding" });
  writer.write([decision(2), outcome(2)]);
  writer.close("done");
  expect(writer.counters()).toMatchObject({ unrecorded: 1, openDecisions: 0 });
  expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
});

describe("when the spool is full", () => {
  /** Fills it with decisions that stay open until one is refused. */
  function fill(writer: ReturnType<typeof openWriter>): number {
    for (let statement = 1; ; statement++) {
      try {
        writer.write([decision(statement)]);
      } catch (error) {
        expect(error).toMatchObject({
          code: "full",
          message: expect.stringContaining("check the connection to the collector or raise the spool's limit"),
        });
        return statement - 1;
      }
    }
  }

  test("no decision is taken any more, yet every outcome, session end and the close still fit", async () => {
    const folder = newFolder();
    const writer = openWriter(folder, { totalBytesMax: 1_000_000, segmentBytesMax: 100_000 });
    writer.write([session("open")]);
    const taken = fill(writer);
    expect(taken).toBeGreaterThan(50);
    expect(writer.writable).toBe(false);
    expect(writer.canTake(4_096)).toBe(false);
    for (let statement = 1; statement <= taken; statement++)
      writer.write([outcome(statement, { status: "failed", sqlstate: "XX000" })]);
    writer.write([session("close", { reason: "x".repeat(1000) })]);
    writer.close("done");
    const bytes = segmentsOf(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(1_000_000);
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact", counts: { unclosed: 0 } });
  });

  test("decisions and outcomes in one call: the outcomes of recorded decisions are saved, the rest is told", () => {
    const folder = newFolder();
    const writer = openWriter(folder, { totalBytesMax: 400_000 });
    const taken = fill(writer);
    failure(() => writer.write([outcome(taken), decision(9_000), outcome(9_000, { status: "refused" })]));
    expect(kindsOf(folder).at(-1)).toBe(`outcome ${taken} completed`);
    expect(writer.counters()).toMatchObject({ unrecorded: 3, openDecisions: taken - 1 });
    writer.close("done");
    expect(kindsOf(folder).slice(-2)).toEqual(["chain gap", "chain close"]);
  });

  test("outcomes of decisions that were not recorded do not use up the room of those that were", () => {
    const folder = newFolder();
    const writer = openWriter(folder, { totalBytesMax: 400_000 });
    const taken = fill(writer);
    for (let statement = 9_000; statement < 9_400; statement++) {
      try {
        writer.write([outcome(statement)]);
      } catch (error) {
        expect(error).toMatchObject({ code: "full" });
      }
    }
    for (let statement = 1; statement <= taken; statement++) writer.write([outcome(statement)]);
    writer.close("done");
    expect(kindsOf(folder)).toContain(`outcome ${taken} completed`);
  });

  test("released segments give room again, and the head tells the verifier where the rest begins", async () => {
    const folder = newFolder();
    const writer = openWriter(folder, { totalBytesMax: 800_000, segmentBytesMax: 50_000 });
    const taken = fill(writer);
    for (let statement = 1; statement <= taken; statement++) writer.write([outcome(statement)]);
    writer.release(8);
    expect(segmentsOf(folder)[0]).toBe("segment-000000000009.jsonl");
    expect(writer.writable).toBe(true);
    writer.write([decision(1), outcome(1)]);
    writer.close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
    openWriter(folder).close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
    rmSync(join(folder, "segment-000000000009.jsonl"));
    expect(await verifySpool(folder)).toMatchObject({ verdict: "wrong-first" });
  });
});

describe("at the end", () => {
  test("open decisions end as unknown and the chain is closed", () => {
    const folder = newFolder();
    const writer = openWriter(folder);
    writer.write([decision(1), decision(2)]);
    writer.close("SIGTERM");
    writer.close("again");
    expect(kindsOf(folder).slice(3)).toEqual(["outcome 1 unknown", "outcome 2 unknown", "chain close"]);
    expect(failure(() => writer.write([decision(3)])).code).toBe("closed");
    expect(writer.writable).toBe(false);
  });

  test("a session that ends leaves nothing open", () => {
    const folder = newFolder();
    const writer = openWriter(folder);
    writer.write([session("open"), decision(1), decision(2)]);
    writer.write([outcome(2), session("close")]);
    expect(kindsOf(folder).slice(4)).toEqual(["outcome 2 completed", "outcome 1 unknown", "session close"]);
    expect(writer.counters()).toMatchObject({ openDecisions: 0 });
    writer.close("done");
  });

  test("more open decisions than are tracked are counted, and closed by the next start", async () => {
    const folder = newFolder();
    const writer = openWriter(folder, { openDecisionsMax: 3 });
    for (let statement = 1; statement <= 5; statement++) writer.write([decision(statement)]);
    expect(writer.counters()).toMatchObject({ openDecisions: 3, forgotten: 2 });
    writer.close("done");
    expect(await verifySpool(folder)).toMatchObject({ verdict: "unclosed", counts: { unclosed: 2 } });
  });
});

/** A writer that ends without closing, as kill -9 leaves it. Its lock is freed by hand, which the kernel does for a dead process. */
function crash(
  folder: string,
  use: (writer: ReturnType<typeof openWriter>, clock: ReturnType<typeof fixedClock>) => void,
  options: Parameters<typeof openWriter>[1] = {},
  clock = fixedClock(),
): void {
  const writer = openWriter(folder, options, { clock, lock: () => ({ release() {} }) });
  use(writer, clock);
}

function recordsOfValid(folder: string): Json[] {
  return linesOf(folder).flatMap((line) => {
    try {
      return [JSON.parse(line).record];
    } catch {
      return [];
    }
  });
}

test("after the machine's restart a chain goes on only if it was closed: what was written last may be known elsewhere", async () => {
  const folder = newFolder();
  const first = openWriter(folder, {}, { boot: "one" });
  first.write([decision(1), outcome(1)]);
  const { chain } = first.position;
  first.close("done");
  const second = openWriter(folder, {}, { boot: "two", lock: () => ({ release() {} }) });
  expect(second.position.chain).toBe(chain);
  second.write([decision(2), outcome(2)]);
  second.tick();
  const same = openWriter(folder, {}, { boot: "two", lock: () => ({ release() {} }) });
  expect(same.position.chain).toBe(chain);
  same.tick();
  const third = openWriter(folder, {}, { boot: "three" });
  expect(third.position.chain).not.toBe(chain);
  expect(recordsOf(folder).at(-1)).toMatchObject({
    unmapped: { weir: { phase: "begin", details: { predecessor: { chain, why: "lost" } } } },
  });
  third.close("done");
  expect(await verifySpool(folder)).toMatchObject({ verdict: "intact" });
});
