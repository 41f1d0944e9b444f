// An evidence pack of October: what it counts, that it can be made again to the byte, in every form, and that its numbers are one.
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { grantsCsv, type October, october } from "./october.ts";
import { weir } from "./run-weir.ts";

let month: October;
let grants: string;
beforeAll(async () => {
  month = await october();
  grants = join(month.folder, "grants.csv");
  writeFileSync(grants, grantsCsv);
}, 60_000);
afterAll(() => month.stop());

const period = ["--pack", "soc2", "--from", "2026-10-01", "--to", "2026-11-01"];

async function made(name: string, ...more: string[]): Promise<string> {
  const out = join(month.folder, name);
  const { code, text } = await weir(
    "evidence",
    ...period,
    "--evidence",
    month.evidence,
    "--out",
    out,
    "--run-by",
    "ana",
    ...more,
  );
  if (code !== 0) throw new Error(text);
  return out;
}

const filesOf = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => statSync(join(folder, name)).isFile()).sort();
const linesOf = (file: string) => readFileSync(file, "utf8").trimEnd().split("\r\n");

test("the numbers are those of the month, and the pack is intact under the log's key", async () => {
  const out = await made("numbers", "--grants", grants);
  const counts = ["CC6.1", "CC6.2", "CC6.3", "CC6.6", "CC6.7", "CC6.8", "CC7.1", "CC7.2", "CC8.1", "C1.1", "PI1.4"].map(
    (id) => {
      const report = JSON.parse(readFileSync(join(out, id, "report.json"), "utf8"));
      return [
        id,
        report.population.rows,
        report.exceptions.rows,
        report.exceptions.tests
          .filter((t: { count: number }) => t.count > 0)
          .map((t: { name: string; count: number }) => `${t.name} ${t.count}`),
      ];
    },
  );
  expect(counts).toEqual([
    ["CC6.1", 3, 1, ["unverified-principal 1"]],
    ["CC6.2", 1, 1, ["unverified-grantor 1"]],
    ["CC6.3", 5, 3, ["unused-privilege 2", "beyond-grants 1"]],
    ["CC6.6", 4, 2, ["public-address 1", "unencrypted 1"]],
    ["CC6.7", 3, 3, ["shown-clear 2", "exported 1"]],
    ["CC6.8", 1, 0, []],
    ["CC7.1", 1, 0, []],
    // The third is the collector's own, of what readers looked up.
    ["CC7.2", 3, 1, ["late 1"]],
    ["CC8.1", 6, 3, ["schema-change-to-match 1", "unverified-changer 1", "end-unknown 1"]],
    ["C1.1", 3, 0, []],
    ["PI1.4", 2, 1, ["unfiltered 1"]],
  ]);
  const checked = await weir("verify", out, "--log-key", month.logKey);
  expect(checked.text).toMatch(/^intact/);
  expect(checked.code).toBe(0);
}, 60_000);

test("the same bytes from the pack's own evidence, and the same files as .tar and .zip", async () => {
  const out = join(month.folder, "numbers");
  const tar = join(month.folder, "again.tar");
  expect((await weir("evidence", "--again", out, "--out", tar)).code).toBe(0);
  const zip = join(month.folder, "again.zip");
  expect((await weir("evidence", "--again", tar, "--out", zip)).code).toBe(0);
  const back = join(month.folder, "back");
  expect((await weir("evidence", "--again", zip, "--out", back)).code).toBe(0);
  expect(filesOf(back)).toEqual(filesOf(out));
  expect(filesOf(out).filter((name) => !readFileSync(join(out, name)).equals(readFileSync(join(back, name))))).toEqual(
    [],
  );
  expect((await weir("verify", zip, "--log-key", month.logKey)).text).toMatch(/^intact/);
}, 120_000);

test("OSCAL is valid by NIST's schema, no cell is a formula, and each sampled record has its proof", async () => {
  const out = join(month.folder, "numbers");
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, "oscal/oscal_complete_schema-1-1-3.json"), "utf8"));
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  const oscal = JSON.parse(readFileSync(join(out, "oscal/assessment-results.json"), "utf8"));
  expect(validate(oscal) ? [] : validate.errors).toEqual([]);
  delete oscal["assessment-results"].results[0].start;
  expect(validate(oscal)).toBe(false);
  const cells = readFileSync(join(out, "CC6.1/population.csv"), "utf8");
  expect(cells).toContain(`"'=HYPERLINK(""http://evil.example"",""ana"")"`);
  const proof = filesOf(out).find((name) => name.startsWith("proofs/"))!;
  expect((await weir("verify", join(out, proof), "--log-key", month.logKey)).code).toBe(0);
}, 60_000);

/** poppler-utils; where it is not, the test is skipped by name. */
const withPdftotext = spawnSync("pdftotext", ["-v"]).error === undefined ? test : test.skip;

withPdftotext("the numbers of the PDF are those of the CSV files", () => {
  const out = join(month.folder, "numbers");
  const file = join(out, "report.pdf");
  const found = spawnSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" });
  for (const id of ["CC6.1", "CC6.7", "CC8.1", "CC7.2"]) {
    const rows = (name: string) => linesOf(join(out, id, name)).length - 1;
    const numbers = [rows("population.csv"), rows("sample.csv"), rows("exceptions.csv")];
    const line = found.stdout
      .split("\n")
      .find((each) => each.trimStart().startsWith(`${id} `) && /\d+ +\d+ +\d+ *$/.test(each));
    expect([id, line?.trim().split(/ +/).slice(-3).map(Number)]).toEqual([id, numbers]);
  }
  expect(found.stdout).toMatch(/Page 1 of \d+/);
});

const FEW = ["--criteria", "CC6.1,CC6.3,CC8.1", "--sample", "3", "--grants"];

test("a pack of few criteria is intact, and signed by its maker", async () => {
  const key = join(month.folder, "maker.key");
  await weir("new-key", "--name", "maker@example.com", "--out", key);
  const out = await made("few-signed", ...FEW, grants, "--sign-key", key, "--seed", "auditor's 42");
  const checked = await weir("verify", out, "--log-key", month.logKey, "--seed", "auditor's 42");
  expect([checked.code, checked.text]).toEqual([0, expect.stringMatching(/manifest signed by maker@example.com\+/)]);
  expect((await weir("verify", out, "--seed", "another")).code).toBe(21);
  await made("few", ...FEW, grants);
}, 60_000);

test("a reviewer signs off lines that are not his own, and a sign-off that was changed or taken out is seen", async () => {
  const out = join(month.folder, "review");
  cpSync(join(month.folder, "few"), out, { recursive: true });
  const key = join(month.folder, "boss.key");
  const vkey = (await weir("new-key", "--name", "boss@example.com", "--out", key)).text;
  const own = join(month.folder, "ana.key");
  await weir("new-key", "--name", "ana@example.com", "--out", own);
  const rows = linesOf(join(out, "CC6.3/population.csv"))
    .slice(1)
    .map((line) => line.split(",")[0]!);
  const decide = (file: string, ...more: string[]) =>
    weir("sign-off", out, "--key", file, "--reason", "quarterly review", ...more);
  await expect(decide(own, "--decision", "keep", "--all")).rejects.toThrow(/his own rights/);
  await decide(key, "--decision", "revoke", "--row", rows[0]!);
  await decide(key, "--decision", "keep", "--all");
  const checked = await weir("verify", out, "--reviewer-key", vkey);
  expect(checked.text).toMatch(/access review: 5 lines, 0 without a decision/);
  expect((await weir("verify", out, "--reviewer-key", month.logKey)).code).toBe(29);
  const first = join(out, "sign-offs/0001.json");
  const whole = readFileSync(first, "utf8");
  writeFileSync(first, whole.replace("revoke", "keep"));
  expect((await weir("verify", out, "--reviewer-key", vkey)).code).toBe(29);
  rmSync(first);
  expect((await weir("verify", out, "--reviewer-key", vkey)).code).toBe(29);
}, 120_000);

interface Tampering {
  readonly what: string;
  readonly code: number;
  readonly file: string;
  change(text: string): string;
}

const without = (at: number) => (text: string) =>
  text
    .split("\r\n")
    .filter((_, line) => line !== at)
    .join("\r\n");

const tamperings: readonly Tampering[] = [
  {
    what: "an altered cell of a population",
    code: 22,
    file: "CC8.1/population.csv",
    change: (text) => text.replace("completed", "refused"),
  },
  { what: "a row less in a population", code: 22, file: "CC6.1/population.csv", change: without(2) },
  { what: "another sample", code: 23, file: "CC8.1/sample.csv", change: without(1) },
  { what: "a dropped exception", code: 24, file: "CC8.1/exceptions.csv", change: without(1) },
  { what: "less missing", code: 25, file: "completeness.csv", change: (text) => text.replace("true", "false") },
  {
    what: "another seed",
    code: 21,
    file: "manifest.json",
    change: (text) => text.replace('"seed":null', '"seed":"7"'),
  },
  {
    what: "another period",
    code: 20,
    file: "manifest.json",
    change: (text) =>
      text.replace(
        `"to":"2026-11-01","toMs":${Date.parse("2026-11-01")}`,
        `"to":"2026-12-01","toMs":${Date.parse("2026-12-01")}`,
      ),
  },
  {
    what: "times that are not those of the period",
    code: 20,
    file: "manifest.json",
    change: (text) => text.replace(/"toMs":\d+/, '"toMs":1800000000000'),
  },
  {
    what: "another number in a report",
    code: 26,
    file: "CC6.1/report.json",
    change: (text) => text.replace('"rows": 3', '"rows": 2'),
  },
  {
    what: "another OSCAL",
    code: 28,
    file: "oscal/assessment-results.json",
    change: (text) => text.replace("not-satisfied", "satisfied"),
  },
  { what: "another PDF", code: 28, file: "report.pdf", change: (text) => text.replace("/Page", "/Pagf") },
  { what: "other grants", code: 22, file: "inputs/grants.csv", change: (text) => text.replace("app", "bob") },
  {
    what: "another maker",
    code: 28,
    file: "manifest.json",
    change: (text) => text.replace('"runBy":"ana"', '"runBy":"eve"'),
  },
  { what: "a manifest that is none", code: 30, file: "manifest.json", change: (text) => `${text} ` },
  {
    what: "an altered record",
    code: 1,
    file: "records.weir-evidence",
    change: (text) => text.replace("agents", "agentt"),
  },
];

test.each(tamperings)(
  "$what is found, with its own exit code",
  async ({ code, file, change }) => {
    const out = join(month.folder, "tampered");
    rmSync(out, { recursive: true, force: true });
    cpSync(join(month.folder, "few"), out, { recursive: true });
    const place = join(out, file);
    const before = readFileSync(place, "latin1");
    const after = change(before);
    expect(after === before).toBe(false);
    writeFileSync(place, after, "latin1");
    const checked = await weir("verify", out, "--log-key", month.logKey);
    expect([checked.code, checked.text.split("\n")[1]]).toEqual([
      file === "inputs/grants.csv" ? 22 : code,
      expect.any(String),
    ]);
  },
  60_000,
);

test("a file too few or too many, another log key, and evidence that does not cover the period are told", async () => {
  const out = join(month.folder, "tampered");
  rmSync(out, { recursive: true, force: true });
  cpSync(join(month.folder, "few"), out, { recursive: true });
  writeFileSync(join(out, "note.txt"), "x");
  expect((await weir("verify", out)).code).toBe(31);
  rmSync(join(out, "note.txt"));
  rmSync(join(out, "README.txt"));
  expect((await weir("verify", out)).code).toBe(31);
  const other = (await weir("new-key", "--name", "ledger.example.com/test", "--out", join(month.folder, "other.key")))
    .text;
  expect((await weir("verify", out, "--log-key", other)).code).not.toBe(0);
  const access = ["--collector", month.url, "--ca", month.ca, "--token-file", month.tokenFile];
  const part = join(month.folder, "part.weir-evidence");
  expect((await weir("evidence", ...access, "--from", "2026-10-10", "--out", part)).code).toBe(0);
  const refused = await weir("evidence", ...period, "--evidence", part, "--out", join(month.folder, "no"));
  expect(refused.code).toBe(1);
  const live = await weir(
    "evidence",
    ...access,
    ...period,
    "--criteria",
    "CC6.1,CC7.2",
    "--namespace",
    "bank",
    "--out",
    join(month.folder, "live.tar"),
  );
  expect([live.code, live.text]).toEqual([0, expect.stringMatching(/CC7\.2 +population 1, sample 1, exceptions 0/)]);
}, 120_000);
