// `weir query` against a real collector: every command of docs/query.md, every format, and what it says when it cannot.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { agent } from "../audit/fixtures.ts";
import { ChainMaker, otlpJson } from "../collector/chain-maker.ts";
import { cleanUp, newSite, READER, startOn, VIEWER } from "../collector/fixtures.ts";

afterEach(cleanUp);

const root = resolve(import.meta.dirname, "../..");
const { NODE_OPTIONS: _, ...env } = process.env;

async function started() {
  const site = await newSite();
  const collector = await startOn(site);
  const token = await site.token();
  const maker = new ChainMaker("0123456789abcdef0123456789abcdef", {}, Date.now() - 60_000);
  maker.statements(3, { principal: agent, application: "=cmd|' /C calc'!A0\u001b[2J" });
  await collector.ask("POST", "/v1/chains", { token, body: maker.registration() });
  await collector.ask("POST", "/v1/logs", { token, body: otlpJson([maker.seal()]).toString() });
  while ((await collector.metric("indexed_entries")) < 2) await new Promise((done) => setTimeout(done, 20));
  writeFileSync(join(site.folder, "ca.pem"), site.ca.certificate);
  for (const [name, text] of Object.entries({ reader: READER, viewer: VIEWER, stranger: "nobody" }))
    writeFileSync(join(site.folder, name), text);
  const run = (args: readonly string[], as = "reader") =>
    new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((done) => {
      const whole = [
        "query",
        ...args,
        "--collector",
        `https://127.0.0.1:${collector.port}`,
        "--ca",
        "ca.pem",
        "--token-file",
        as,
      ];
      const child = spawn(process.execPath, [join(root, "cmd/weir/main.ts"), ...whole], {
        cwd: site.folder,
        env: { ...env, NO_COLOR: "1" },
      });
      let [out, err] = ["", ""];
      child.stdout.on("data", (bytes) => (out += bytes));
      child.stderr.on("data", (bytes) => (err += bytes));
      child.once("close", (code) => done({ code, out, err }));
    });
  return { site, run };
}

test("every command of docs/query.md answers", async () => {
  const { site, run } = await started();
  const page = readFileSync(join(root, "docs/query.md"), "utf8");
  writeFileSync(join(site.folder, "question.json"), /```json\n([\s\S]*?)```/.exec(page)![1]!);
  const lines = [...page.matchAll(/^cmd\/weir\/weir\.sh query (.*)$/gm)].map((match) => match[1]!);
  expect(lines.length).toBe(13);
  for (const line of lines) {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!);
    const { code, err } = await run(words);
    expect({ line, code, err: code === 0 ? "" : err }).toEqual({ line, code: 0, err: "" });
  }
}, 60_000);

test("a table for people, whose cells no terminal obeys; CSV that no spreadsheet does; Parquet with its types", async () => {
  const { site, run } = await started();
  const shown = await run(["reads", "customers.email", "--since", "1d"]);
  expect(shown.out).toMatch(/report-writer/);
  expect(shown.err).toContain("1 rows");
  writeFileSync(
    join(site.folder, "q.json"),
    JSON.stringify({ from: "statements", select: ["time", "application", "groups", "rows"] }),
  );
  const wide = await run(["ask", "q.json", "--wide"]);
  expect(wide.out).not.toContain("\u001b");
  const csv = await run(["ask", "q.json", "--format", "csv"]);
  expect(csv.out.split("\r\n")[1]).toMatch(/Z,'=cmd|"'=cmd/);
  expect((await run(["ask", "q.json", "--format", "parquet", "--out", "answer.parquet"])).code).toBe(0);
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const read = await connection.runAndReadAll(
    `SELECT typeof(time), typeof(groups), rows FROM '${join(site.folder, "answer.parquet")}'`,
  );
  expect(read.getRows()).toEqual(Array(3).fill(["TIMESTAMP", "VARCHAR[]", 1n]));
}, 60_000);

test("what is wrong is said with the remedy, and nothing half-done is left", async () => {
  const { site, run } = await started();
  expect((await run(["raeds"])).err).toContain('did you mean "reads"?');
  expect((await run(["reads", "--since", "yesterday"])).err).toContain("7d for seven days ago");
  expect((await run(["reads", "--rule", "x"])).err).toContain("--rule does not narrow reads");
  expect(await run(["statements", "--format", "parquet"])).toMatchObject({
    code: 64,
    err: expect.stringContaining("--out FILE"),
  });
  expect(await run(["statements"], "stranger")).toMatchObject({ code: 69, err: expect.stringContaining("401") });
  expect(await run(["statements", "--format", "csv", "--out", "rows.csv"], "viewer")).toMatchObject({
    code: 69,
    err: expect.stringContaining("viewer"),
  });
  expect(existsSync(join(site.folder, "rows.csv"))).toBe(false);
  expect((await run(["statements", "--limit", "1"])).err).toContain("THERE ARE MORE");
}, 60_000);
