// `weir verify` as an auditor has it: a file, a key, an exit code, a page of text.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../cmd/weir/command.ts";
import { terminalOn } from "../../cmd/weir/terminal.ts";
import { verify as command } from "../../cmd/weir/verify.ts";
import { proveRecord } from "../../pkg/ledger/record-proof.ts";
import { first, logSigner, type Sample, sample, without, witness } from "../ledger/evidence-fixture.ts";

let folder: string;
let given: Sample;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-verify-"));
  given = await sample();
  writeFileSync(join(folder, "a.weir-evidence"), given.evidence);
  writeFileSync(join(folder, "cut.weir-evidence"), without(given.evidence, /9-0*11\.(segment|proof)$/));
  writeFileSync(join(folder, "older"), given.older);
  writeFileSync(join(folder, "log.vkey"), `${logSigner.vkey}\n`);
  const { segments, entries } = given.ledger.chain(first);
  const { checkpoint, ledger } = given;
  const proof = await proveRecord({
    number: 7,
    segment: segments[1]!,
    key: entries[0]!,
    log: ledger.log,
    checkpoint,
    logKey: logSigner.vkey,
  });
  writeFileSync(join(folder, "record.json"), proof);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Names of files are those in the folder. */
async function verify(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = "";
  const stream = {
    write(text: string) {
      stdout += text;
      return true;
    },
  } as unknown as NodeJS.WriteStream;
  const paths = args.map((arg) =>
    /^[a-z.-]+$/.test(arg) && !arg.startsWith("--") && arg !== "rubbish" ? join(folder, arg) : arg,
  );
  try {
    const status = await command.run(paths, terminalOn(stream, {}));
    return { status, stdout: stdout.replaceAll(`${folder}/`, ""), stderr: "" };
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    return { status: 64, stdout: "", stderr: cause.message.replaceAll(`${folder}/`, "") };
  }
}

test("good evidence: the verdict first, who signed, each chain, and what none of it shows", async () => {
  const { status, stdout, stderr } = await verify(
    "a.weir-evidence",
    "--log-key",
    "log.vkey",
    "--checkpoint",
    "older",
    "--witness",
    witness.vkey,
  );
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^intact: a\.weir-evidence: 16 records in 5 segments of 2 chains, under the log key that you named\n/,
  );
  expect(stdout).toContain(`signed by ${logSigner.vkey}, which you named`);
  expect(stdout).toContain("seen by witness witness.example.org at 2023-11-14T22:15:00.000Z");
  expect(stdout).toContain("goes on from its checkpoint of 3 entries");
  expect(stdout).toContain(
    `chain ${first} of eu-1/shop (production): numbers 0 to 11, 12 records in 3 segments, closed`,
  );
  expect(stdout).toContain("by pod orders-1, serviceAccount shop/orders");
  expect(stdout).toContain("that every statement was captured");
});

test("a cut tail: the verdict in capitals, the place, and its exit code", async () => {
  const { status, stdout } = await verify("cut.weir-evidence", "--log-key", logSigner.vkey);
  expect(status).toBe(5);
  expect(stdout).toMatch(/^TRUNCATED: cut\.weir-evidence: 13 records/);
  expect(stdout).toContain(`chain ${first} goes to number 11, the last one here is 8`);
});

test("as JSON it says the same", async () => {
  const { status, stdout } = await verify("cut.weir-evidence", "--json");
  expect(status).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: "truncated",
    exitCode: 5,
    counts: { truncated: 3 },
    log: { keyGiven: false },
  });
});

test("the proof of one record", async () => {
  expect(await verify("record.json", "--log-key", "log.vkey")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("numbers 7 to 7, 1 records"),
  });
});

test("what cannot be read, and what is nothing of ours, is unreadable", async () => {
  expect(await verify("nowhere")).toMatchObject({ status: 9, stdout: expect.stringContaining("ENOENT") });
  expect(await verify("older")).toMatchObject({ status: 9, stdout: expect.stringMatching(/^unreadable: older/) });
});

test.each([
  [[], "name what to verify"],
  [["a.weir-evidence", "--log-key", "rubbish"], "NAME+8 hex digits+base64"],
  [["a.weir-evidence", "--checkpoint", "nowhere"], "nowhere cannot be read (ENOENT)"],
  [["a.weir-evidence", "--checkpoint", "log.vkey"], "not a signed note"],
  [["--spool", ".", "a.weir-evidence"], "one argument too many"],
  [[".", "--log-key", "log.vkey"], "a spool has no log"],
])("wrong arguments: %j", async (args, message) => {
  expect(await verify(...args)).toMatchObject({ status: 64, stderr: expect.stringContaining(message) });
});
