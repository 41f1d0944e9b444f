// A verifier that shares no code with us, written from docs/evidence.md, comes to the same verdicts. Plain Python 3, no packages.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_CODES } from "../../pkg/audit/exit-codes.ts";
import { newSigner } from "../../pkg/ledger/note.ts";
import { logSigner, origin, type Sample, sample } from "./evidence-fixture.ts";
import { tamperings } from "./tamperings.ts";

const program = join(import.meta.dirname, "stranger/verify_evidence.py");
const python = ["python3", "python"].find(
  (name) => spawnSync(name, ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status === 0,
);
// Skipped by name, so that a run without Python shows what was not shown.
if (python === undefined) process.stderr.write("skipped: the stranger's verifier: no Python 3.8 or newer\n");
const withPython = python === undefined ? test.skip : test;

let folder: string;
let given: Sample;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-stranger-"));
  given = await sample();
  writeFileSync(join(folder, "older"), given.older);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function strangersVerdict(
  name: string,
  evidence: Buffer,
  key = logSigner.vkey,
  ...more: string[]
): Promise<{ readonly code: number | null; readonly text: string }> {
  const file = join(folder, `${name.replaceAll(/\W/g, "-")}.weir-evidence`);
  writeFileSync(file, evidence);
  const child = spawn(python!, [program, file, key, ...more]);
  let text = "";
  child.stdout.on("data", (data) => {
    text += data;
  });
  child.stderr.on("data", (data) => {
    text += data;
  });
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, text }));
  });
}

withPython("python3: a stranger finds good evidence intact, and going on from an earlier checkpoint", async () => {
  const verdict = await strangersVerdict("good", given.evidence, logSigner.vkey, join(folder, "older"));
  expect(verdict).toEqual({ code: 0, text: "intact: 16 records\n" });
});

withPython("python3: a stranger who knows another log key refuses it", async () => {
  const stranger = newSigner(origin, "ed25519", Buffer.alloc(32, 5));
  expect(await strangersVerdict("key", given.evidence, stranger.vkey)).toMatchObject({
    code: EXIT_CODES["unverifiable-key"],
  });
});

withPython("python3: a stranger comes to the same verdict on every tampering", async () => {
  const found: [string, string][] = [];
  for (const [name, , tamper] of tamperings) {
    const { code, text } = await strangersVerdict(name, tamper(given.evidence, given.older));
    found.push([name, Object.entries(EXIT_CODES).find(([, each]) => each === code)?.[0] ?? text]);
  }
  expect(found).toEqual(tamperings.map(([name, verdict]) => [name, verdict]));
});
