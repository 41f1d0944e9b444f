// A collector's folder proves itself against its own log, and against whoever rewrote it.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EXIT_CODES } from "../../pkg/audit/exit-codes.ts";
import { chainFolder, segmentPath } from "../../pkg/ledger/segment-path.ts";
import { verifyLedger } from "../../pkg/ledger/verify-ledger.ts";
import { forged } from "../audit/spool-lines.ts";
import { first, Ledger, logSigner, sample, second, signedNote, witness } from "./evidence-fixture.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), "weir-ledger-")));
  return folders.at(-1)!;
}

/** Files of the simulated disk as real ones. */
function onDisk({ disk }: Ledger): string {
  const folder = newFolder();
  for (const path of disk.paths()) {
    const file = join(folder, path.replace(/^\/data/, ""));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, disk.get(path)!);
  }
  return folder;
}

let good: { readonly folder: string; readonly older: string; readonly checkpoint: string };
beforeAll(async () => {
  const { ledger, older, checkpoint } = await sample();
  good = { folder: onDisk(ledger), older, checkpoint };
});

function copied(): string {
  const folder = newFolder();
  cpSync(good.folder, folder, { recursive: true });
  return folder;
}

function change(file: string, edit: (text: string) => string): void {
  writeFileSync(file, edit(readFileSync(file, "utf8")));
}

function segmentsIn(folder: string, chain: string): string[] {
  const place = join(folder, chainFolder({ cluster: "eu-1", namespace: "shop", chain }));
  return readdirSync(place)
    .sort()
    .map((name) => join(place, name));
}

const trust = { logKey: logSigner.vkey };

test("an untouched one is intact, goes on from what was known and is seen by its witness", async () => {
  const report = await verifyLedger(good.folder, {
    ...trust,
    olderCheckpoint: good.older,
    witnessKeys: [witness.vkey],
  });
  expect(report).toMatchObject({
    what: "ledger",
    verdict: "intact",
    records: 16,
    segments: 5,
    findings: [],
    notes: [],
    log: { size: 9, goesOnFrom: [3], keyGiven: true, witnesses: [{ timeSeconds: 1_700_000_100 }] },
  });
  expect(report.chains.map(({ chain, last, end }) => [chain, last, end])).toEqual([
    [first, 11, "closed"],
    [second, 3, "open"],
  ]);
});

test("without a key it says that no signature was checked; the key beside the log is taken at its word", async () => {
  const folder = copied();
  expect(await verifyLedger(folder)).toMatchObject({
    verdict: "intact",
    notes: [expect.stringContaining("--log-key")],
  });
  writeFileSync(join(folder, "log/vkey"), `${logSigner.vkey}\n`);
  expect(await verifyLedger(folder)).toMatchObject({
    verdict: "intact",
    log: { key: logSigner.vkey, keyGiven: false },
  });
});

test.each([
  [
    "a record written anew",
    "altered",
    (folder: string) =>
      change(segmentsIn(folder, first)[1]!, (text) =>
        text
          .split("\n")
          .map((line, at) =>
            at === 2 ? forged(line, (record) => record.replace('"message":"record"', '"message":"forged"')) : line,
          )
          .join("\n"),
      ),
  ],
  [
    "another segment under the name",
    "altered",
    (folder: string) => cpSync(segmentsIn(folder, first)[0]!, segmentsIn(folder, first)[1]!),
  ],
  [
    "an entry of the log",
    "altered",
    (folder: string) =>
      change(join(folder, "log/tile/entries/000.p/9"), (text) =>
        text.replace('"reason"', '"reasom"').replace("orders-3", "orders-4"),
      ),
  ],
  ["a tile", "altered", (folder: string) => writeFileSync(join(folder, "log/tile/0/000.p/9"), Buffer.alloc(9 * 32))],
  [
    "a record dropped",
    "missing",
    (folder: string) => change(segmentsIn(folder, first)[1]!, (text) => text.split("\n").toSpliced(2, 1).join("\n")),
  ],
  ["a segment dropped", "missing", (folder: string) => rmSync(segmentsIn(folder, first)[1]!)],
  ["no checkpoint", "missing", (folder: string) => rmSync(join(folder, "log/checkpoint"))],
  [
    "two records swapped",
    "reordered",
    (folder: string) =>
      change(segmentsIn(folder, first)[1]!, (text) => {
        const [a, b, c, ...rest] = text.split("\n");
        return [a, c, b, ...rest].join("\n");
      }),
  ],
  [
    "a record twice",
    "forked",
    (folder: string) =>
      change(segmentsIn(folder, first)[1]!, (text) => {
        const [a, b, ...rest] = text.split("\n");
        return [a, b, b, ...rest].join("\n");
      }),
  ],
  ["the last segment dropped", "truncated", (folder: string) => rmSync(segmentsIn(folder, first)[2]!)],
  [
    "the last segment cut",
    "truncated",
    (folder: string) =>
      change(segmentsIn(folder, first)[2]!, (text) => text.split("\n").slice(0, 3).join("\n").concat("\n")),
  ],
  ["the entries cut off", "truncated", (folder: string) => rmSync(join(folder, "log/tile/entries/000.p/9"))],
  ["the first segment dropped", "wrong-first", (folder: string) => rmSync(segmentsIn(folder, first)[0]!)],
  [
    "the checkpoint",
    "wrongly-signed",
    (folder: string) =>
      change(join(folder, "log/checkpoint"), (text) =>
        text.replace(/\u2014 ledger(.*)/, (line) => `${line.slice(0, -12)}AAAAAAAA${line.slice(-4)}`),
      ),
  ],
] as const)("%s: %s", async (_, verdict, tamper) => {
  const folder = copied();
  tamper(folder);
  expect(await verifyLedger(folder, trust)).toMatchObject({ verdict, exitCode: EXIT_CODES[verdict] });
});

test("an old state put back is found by whoever has kept a newer checkpoint", async () => {
  const { ledger } = await sample();
  await ledger.seal(second, 1, 3);
  const newer = await ledger.log.checkpoint(signedNote);
  expect(await verifyLedger(good.folder, { ...trust, olderCheckpoint: newer })).toMatchObject({
    verdict: "replayed",
    exitCode: 12,
  });
});

test("a log rewritten from an entry on, under the same keys, is a fork to whoever has kept a checkpoint", async () => {
  const ledger = await Ledger.open();
  await ledger.register(first, 1);
  await ledger.seal(first, 5, 1, "another history");
  for (let count = 0; count < 8; count++) await ledger.seal(first, 1, 1);
  await ledger.log.checkpoint(signedNote);
  const folder = onDisk(ledger);
  expect(await verifyLedger(folder, trust)).toMatchObject({ verdict: "intact" });
  expect(await verifyLedger(folder, { ...trust, olderCheckpoint: good.older })).toMatchObject({ verdict: "forked" });
  expect(await verifyLedger(folder, { ...trust, olderCheckpoint: good.checkpoint })).toMatchObject({
    verdict: "forked",
  });
});

test("what was deleted in time is absent; what is newer than the checkpoint is counted and not judged", async () => {
  const { ledger } = await sample();
  await ledger.tell(first, {
    type: "retention",
    segments: [{ chain: first, first: 0, last: 4, root: "ab".repeat(32) }],
    time: 1,
  });
  await ledger.log.checkpoint(signedNote);
  await ledger.seal(first, 2, 1);
  const folder = onDisk(ledger);
  rmSync(segmentsIn(folder, first)[0]!);
  expect(await verifyLedger(folder, trust)).toMatchObject({
    verdict: "intact",
    notes: [expect.stringContaining("1 segments are not in the log up to its checkpoint")],
    chains: [{ first: 5, last: 11, absent: [{ from: 0, to: 4 }] }, {}],
  });
});

test("a log of many bundles, with all its tiles", async () => {
  const ledger = await Ledger.open();
  await ledger.register(first, 1);
  for (let count = 0; count < 600; count++) await ledger.seal(first, 1, 1);
  await ledger.log.checkpoint(signedNote);
  const folder = onDisk(ledger);
  expect(await verifyLedger(folder, trust)).toMatchObject({ verdict: "intact", records: 600, log: { size: 601 } });
  renameSync(join(folder, "log/tile/entries/001"), join(folder, "moved"));
  const { verdict, counts } = await verifyLedger(folder, trust);
  expect([verdict, counts.missing > 0, counts.truncated]).toEqual(["missing", true, 0]);
});

test("names of clusters and namespaces never lead out of the folder", () => {
  const header = { chain: first, first: 0, last: 1 };
  const path = (cluster: string, namespace: string) =>
    segmentPath({ ...header, cluster, namespace } as Parameters<typeof segmentPath>[0]);
  expect(path("eu-1", "shop")).toBe(`segments/eu-1/shop/${first}/00000000000000000000-00000000000000000001.segment`);
  expect(path("..", "a/../b")).toMatch(/^segments\/%2E%2E\/a%2F\.\.%2Fb\//);
  expect(path("", ".")).toMatch(/^segments\/%\/%2E\//);
  expect(path("x".repeat(900), "n").split("/")[1]!.length).toBeLessThanOrEqual(200);
});
