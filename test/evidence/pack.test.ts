// An evidence pack of October: what it counts, that it can be made again to the byte, in every form, and that its numbers are one.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
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
  const { code, text } = await weir("evidence", ...period, "--evidence", month.evidence, "--out", out, "--run-by", "ana", ...more);
  if (code !== 0) throw new Error(text);
  return out;
}

const filesOf = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
const linesOf = (file: string) => readFileSync(file, "utf8").trimEnd().split("\r\n");

test("the numbers are those of the month, and the pack is intact under the log's key", async () => {
  const out = await made("numbers", "--grants", grants);
  const counts = ["CC6.1", "CC6.2", "CC6.3", "CC6.6", "CC6.7", "CC6.8", "CC7.1", "CC7.2", "CC8.1", "C1.1", "PI1.4"].map((id) => {
    const report = JSON.parse(readFileSync(join(out, id, "report.json"), "utf8"));
    return [id, report.population.rows, report.exceptions.rows, report.exceptions.tests.filter((t: { count: number }) => t.count > 0).map((t: { name: string; count: number }) => `${t.name} ${t.count}`)];
  });
  expect(counts).toEqual([
    ["CC6.1", 3, 1, ["unverified-principal 1"]],
    ["CC6.2", 1, 1, ["unverified-grantor 1"]],
    ["CC6.3", 5, 4, ["unused-privilege 2", "beyond-grants 2"]],
    ["CC6.6", 4, 2, ["public-address 1", "unencrypted 1"]],
    ["CC6.7", 503, 503, expect.anything()],
    ["CC6.8", 1, 0, []],
    ["CC7.1", 1, 0, []],
    ["CC7.2", 2, 1, ["late 1"]],
    ["CC8.1", 7, 6, expect.anything()],
    ["C1.1", 503, 0, []],
    ["PI1.4", 2, 1, ["unfiltered 1"]],
  ]);
  const checked = await weir("verify", out, "--log-key", month.logKey);
  expect(checked.text).toMatch(/^intact/);
  expect(checked.code).toBe(0);
}, 60_000);
