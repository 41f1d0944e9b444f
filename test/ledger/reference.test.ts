// The reference implementation of transparency logs (golang.org/x/mod/sumdb) reads our checkpoints and tiles, and takes our proofs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerLog } from "../../pkg/ledger/log.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-reference-"));
const program = join(folder, "reference");
const build = spawnSync("go", ["build", "-o", program, "."], {
  cwd: join(import.meta.dirname, "reference"),
  env: { ...process.env, GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" },
  encoding: "utf8",
});
// Skipped by name where Go 1.24 or its module cannot be had.
if (build.status !== 0) process.stderr.write(`skipped: the reference in Go: ${build.error?.message ?? build.stderr}\n`);
const withGo = build.status === 0 ? test : test.skip;

afterAll(() => rmSync(folder, { recursive: true }));

const signer = newSigner("ledger.example.com/weir", "ed25519", Buffer.alloc(32, 9));
const witness = newSigner("witness.example.org", "cosignature", Buffer.alloc(32, 10));
const texts = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString("base64"));

async function writtenLog(size: number): Promise<{ readonly place: string; readonly proofs: Proofs }> {
  const place = join(folder, `log-${size}`);
  const log = await LedgerLog.open({ folder: place, origin: signer.name });
  for (let index = 0; index < size; index += 500)
    await log.append(
      Array.from({ length: Math.min(500, size - index) }, (_, at) => Buffer.from(`{"entry":${index + at}}`)),
    );
  await log.checkpoint((text) => signNote(text, [signer, witness], 1_700_000_000));
  const records = [];
  const trees = [];
  for (let index = 0; index < size; index += 1 + Math.floor(size / 60)) {
    records.push({ index, hashes: texts(await log.inclusionProof(index, size)) });
    if (index > 0)
      trees.push({
        size: index,
        root: (await log.rootAt(index)).toString("base64"),
        hashes: texts(await log.consistencyProof(index, size)),
      });
  }
  await log.close();
  return { place, proofs: { records, trees } };
}

interface Proofs {
  readonly records: { readonly index: number; readonly hashes: string[] }[];
  readonly trees: { readonly size: number; readonly root: string; readonly hashes: string[] }[];
}

function reference(place: string, proofs: Proofs, key = signer.vkey) {
  const { status, stdout } = spawnSync(program, [place, key], { input: JSON.stringify(proofs), encoding: "utf8" });
  return { status, stdout };
}

withGo.each([1, 2, 255, 256, 257, 1000, 66_000])("go: a log of %i entries", async (size) => {
  const { place, proofs } = await writtenLog(size);
  expect(reference(place, proofs)).toEqual({ status: 0, stdout: `${size} entries\n` });
});

withGo("go: it refuses what we would refuse", async () => {
  const { place, proofs } = await writtenLog(700);
  const wrong = (change: (all: Proofs) => void) => {
    const copy = structuredClone(proofs);
    change(copy);
    return reference(place, copy).stdout;
  };
  expect(wrong(({ records }) => records[3]!.hashes.reverse())).toMatch(/^proof of entry/);
  expect(wrong(({ trees }) => trees[3]!.hashes.reverse())).toMatch(/^proof from size/);
  expect(reference(place, proofs, newSigner(signer.name, "ed25519", Buffer.alloc(32, 5)).vkey).stdout).toMatch(
    /^checkpoint/,
  );
  writeFileSync(join(place, "tile/entries/000"), Buffer.alloc(512));
  expect(reference(place, proofs).status).toBe(1);
});
