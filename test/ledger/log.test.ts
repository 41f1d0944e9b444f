// What was confirmed is there after any stop; what was lost nevertheless is told.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parseCheckpoint } from "../../pkg/ledger/checkpoint.ts";
import { LedgerLog } from "../../pkg/ledger/log.ts";
import { isConsistent, isIncluded, leafHash, rootOf } from "../../pkg/ledger/merkle.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const origin = "ledger.example.com/weir";
const signer = newSigner(origin, "ed25519", Buffer.alloc(32, 9));
const sign = (text: string) => signNote(text, [signer], 0);
const entry = (number: number) => Buffer.from(`{"number":${number}}`);
const entriesOf = (count: number, from = 0) => Array.from({ length: count }, (_, index) => entry(from + index));

async function openOn(disk: SimulatedDisk): Promise<LedgerLog> {
  return await LedgerLog.open({ folder: "/log", origin, files: disk });
}

async function contentOf(log: LedgerLog): Promise<string[]> {
  const found: string[] = [];
  for await (const { index, bytes } of log.entries()) {
    expect(index).toBe(found.length);
    found.push(bytes.toString());
  }
  return found;
}

test("entries are numbered in the order in which they were handed in, and proven after a checkpoint", async () => {
  const log = await openOn(new SimulatedDisk());
  const firsts = await Promise.all([log.append(entriesOf(3)), log.append(entriesOf(2, 3)), log.append([entry(5)])]);
  expect(firsts).toEqual([0, 3, 5]);
  const old = parseCheckpoint(await log.checkpoint(sign)).checkpoint;
  await log.append(entriesOf(500, 6));
  const { size, root } = parseCheckpoint(await log.checkpoint(sign)).checkpoint;
  expect([size, root]).toEqual([506, rootOf(entriesOf(506))]);
  expect(isIncluded(leafHash(entry(300)), 300, size, await log.inclusionProof(300, size), root)).toBe(true);
  expect(isConsistent(old, { size, root }, await log.consistencyProof(6, size))).toBe(true);
  expect(await contentOf(log)).toEqual(entriesOf(506).map(String));
  await log.append([entry(506)]);
  await expect(log.inclusionProof(506, 507)).rejects.toThrow("make a checkpoint first");
});

test("many who wait share one disk write", async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  const before = disk.steps;
  await Promise.all(Array.from({ length: 100 }, (_, index) => log.append([entry(index)])));
  // A write and a sync.
  expect(disk.steps - before).toBe(2);
});

test("on a real file system: closed and opened again, it is the same log", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-log-"));
  try {
    const log = await LedgerLog.open({ folder: join(folder, "log"), origin });
    await log.append(entriesOf(300));
    const note = await log.checkpoint(sign);
    await log.append(entriesOf(10, 300));
    await log.close();
    await expect(log.append([entry(0)])).rejects.toMatchObject({ code: "closed" });
    const again = await LedgerLog.open({ folder: join(folder, "log"), origin });
    expect([again.size, again.root(), again.checkpointNote]).toEqual([310, rootOf(entriesOf(310)), note]);
    await again.close();
    await again.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Does `work` until the disk stops; how many entries were confirmed, and which checkpoint. */
async function workUntilStop(
  disk: SimulatedDisk,
  steps: readonly ("append" | "checkpoint")[],
): Promise<{ confirmed: number; note: string | null }> {
  let confirmed = 0;
  let note: string | null = null;
  try {
    const log = await openOn(disk);
    for (const step of steps) {
      if (step === "checkpoint") note = await log.checkpoint(sign);
      else {
        await log.append(entriesOf(90, confirmed));
        confirmed += 90;
      }
    }
  } catch (cause) {
    expect(cause).toMatchObject({ code: "io" });
  }
  return { confirmed, note };
}

test("stopped at any step, by death of the process or of the machine, it has everything that was confirmed and goes on", async () => {
  const steps = fc.array(fc.constantFrom("append" as const, "append" as const, "checkpoint" as const), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(120), fc.nat(), fc.boolean(), async (work, stop, salt, machine) => {
      const draw = (most: number) => (most === 0 ? 0 : salt % (most + 1));
      const disk = new SimulatedDisk(draw);
      disk.stepsLeft = stop;
      const { confirmed, note } = await workUntilStop(disk, work);
      const left = machine ? disk.afterCrash(draw) : disk.afterKill();
      const log = await openOn(left);
      const content = await contentOf(log);
      expect(content.length).toBeGreaterThanOrEqual(confirmed);
      expect(content).toEqual(entriesOf(content.length).map(String));
      if (note !== null)
        expect(parseCheckpoint(log.checkpointNote!).checkpoint.size).toBeGreaterThanOrEqual(
          parseCheckpoint(note).checkpoint.size,
        );
      await log.append(entriesOf(1, content.length));
      await log.checkpoint(sign);
      expect(log.root()).toEqual(rootOf(entriesOf(content.length + 1)));
      // What was there after the first opening is durable, whatever happens then.
      expect((await openOn(left.afterCrash(() => 0))).size).toBe(content.length + 1);
    }),
    { numRuns: 300 },
  );
});

async function closedLog(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  await log.append(entriesOf(300));
  await log.checkpoint(sign);
  for (let number = 300; number < 320; number++) await log.append([entry(number)]);
  return disk.afterKill();
}

const journal = `/log/journal-${"300".padStart(20, "0")}`;

test.each([
  [
    "a torn last batch was never confirmed",
    (disk: SimulatedDisk) => disk.put(journal, disk.get(journal)!.subarray(0, -1)),
    319,
  ],
  [
    "rubbish at the end neither",
    (disk: SimulatedDisk) => disk.put(journal, Buffer.concat([disk.get(journal)!, Buffer.alloc(4096)])),
    320,
  ],
])("%s", async (_, tamper, size) => {
  const disk = await closedLog();
  tamper(disk);
  expect((await openOn(disk)).size).toBe(size);
});

test.each([
  [
    "zeros where a confirmed batch was",
    (disk: SimulatedDisk) => disk.put(journal, Buffer.from(disk.get(journal)!).fill(0, 40, 90)),
    "damaged",
    "lost what it had confirmed",
  ],
  [
    "a batch that is gone",
    (disk: SimulatedDisk) => disk.put(journal, disk.get(journal)!.subarray(disk.get(journal)!.length / 20)),
    "damaged",
    "not 300",
  ],
  ["no journal", (disk: SimulatedDisk) => disk.put(journal, null), "lost", "the journal from entry 300 on is gone"],
  [
    "no mark of what is written",
    (disk: SimulatedDisk) => disk.put("/log/written", null),
    "lost",
    "its checkpoint has 300 entries, its tiles 0",
  ],
  ["no tile", (disk: SimulatedDisk) => disk.put("/log/tile/0/001.p/44", null), "lost", "tile/0/001.p/44: it is gone"],
  [
    "a tile of another log",
    (disk: SimulatedDisk) => disk.get("/log/tile/1/000.p/1")!.fill(1),
    "damaged",
    "do not give the root of its first 300",
  ],
  [
    "a tile cut short",
    (disk: SimulatedDisk) => disk.put("/log/tile/0/001.p/44", disk.get("/log/tile/0/001.p/44")!.subarray(0, 64)),
    "damaged",
    "64 bytes, a tile of 44 hashes has 1408",
  ],
  [
    "another entry among the newest",
    (disk: SimulatedDisk) => disk.get("/log/tile/entries/001.p/44")!.fill("9", 13, 14),
    "damaged",
    "entry 256 is not the one of its hash",
  ],
  [
    "a checkpoint of another log",
    (disk: SimulatedDisk) =>
      disk.put(
        "/log/checkpoint",
        Buffer.from(signNote("other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", [signer], 0)),
      ),
    "refused",
    'of the log "other"',
  ],
] as const)("it does not open with %s", async (_, tamper, code, message) => {
  const disk = await closedLog();
  tamper(disk);
  await expect(openOn(disk)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test("a disk that confirms and does not keep is found out when a later sync was true, or a checkpoint was made", async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  await log.append(entriesOf(10));
  await log.checkpoint(sign);
  const old = disk.afterKill();
  await log.append(entriesOf(10, 10));
  await log.checkpoint(sign);
  // All but the checkpoint is as it was before.
  for (const path of disk.paths()) if (path !== "/log/checkpoint") disk.put(path, old.get(path) ?? null);
  await expect(openOn(disk)).rejects.toMatchObject({ code: "lost" });
});

test("after a failed write nothing is taken until it is opened again", async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  await log.append([entry(0)]);
  disk.stepsLeft = disk.steps + 1;
  await expect(log.append([entry(1)])).rejects.toMatchObject({ code: "io" });
  disk.stepsLeft = Number.POSITIVE_INFINITY;
  await expect(log.append([entry(1)])).rejects.toMatchObject({ code: "io" });
  await expect(log.checkpoint(sign)).rejects.toMatchObject({ code: "io" });
  expect((await openOn(disk)).size).toBe(2);
});

test("what is too much at once, too long or too long a queue is refused before anything is written", async () => {
  const log = await openOn(new SimulatedDisk());
  await expect(log.append([Buffer.alloc(65_536)])).rejects.toMatchObject({ code: "refused" });
  await expect(log.append(entriesOf(5000))).rejects.toMatchObject({ code: "refused" });
  const many = Array.from({ length: 20 }, () => log.append(entriesOf(4096)));
  const results = await Promise.allSettled(many);
  expect(
    results
      .filter(({ status }) => status === "rejected")
      .map((result) => (result as PromiseRejectedResult).reason.code),
  ).toEqual(["busy", "busy", "busy", "busy"]);
  expect(log.size).toBe(16 * 4096);
});

test("what is signed must be what was asked for", async () => {
  const log = await openOn(new SimulatedDisk());
  await log.append([entry(0)]);
  await expect(
    log.checkpoint(() => sign("other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")),
  ).rejects.toMatchObject({ code: "refused" });
  expect(log.checkpointNote).toBeNull();
});
