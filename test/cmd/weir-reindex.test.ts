// `weir reindex` on a collector's data folder: refused while the collector runs, and afterwards the index answers as before.
import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ThreadedIndex } from "../../pkg/collector/threaded-index.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { checkQuestion } from "../../pkg/store/question.ts";
import { ChainMaker, otlpProtobuf } from "../collector/chain-maker.ts";
import { cleanUp, newSite, type Site, startOn } from "../collector/fixtures.ts";

afterEach(cleanUp);

async function weir(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const main = join(import.meta.dirname, "../../cmd/weir/main.ts");
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args], { env: {} });
    return { code: 0, out: stdout, err: stderr };
  } catch (cause) {
    const { code, stdout, stderr } = cause as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

async function rowsOf({ config: { data, origin } }: Site): Promise<readonly unknown[]> {
  const index = new ThreadedIndex({ config: { engine: "duckdb", memoryMiB: 256 }, data, origin }, silentLogger);
  const checked = checkQuestion({ from: "columns" });
  if (!checked.ok) throw new Error(checked.problems.join());
  const { rows } = await index.ask(checked.question);
  await index.close();
  return rows;
}

test("a lost index is made again from the segments, and not under a running collector", async () => {
  const site = await newSite();
  const { data } = site.config;
  const collector = await startOn(site);
  const token = await site.token();
  const maker = new ChainMaker("f".repeat(32)).statements(7);
  await collector.ask("POST", "/v1/chains", { token, body: maker.registration() });
  await collector.ask("POST", "/v1/logs", { token, body: otlpProtobuf([maker.seal()]) });
  while ((await collector.metric("index_behind_entries")) !== 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const running = await weir("reindex", data);
  expect(running).toEqual({ code: 69, out: "", err: expect.stringContaining("is in use by another collector") });
  await collector.stop("test");
  const before = await rowsOf(site);
  expect(before).toHaveLength(7);
  const file = join(data, "state/records.duckdb");
  expect(existsSync(file)).toBe(true);
  rmSync(file);
  expect(await weir("reindex", data, "--store-mib", "256")).toEqual({
    code: 0,
    out: "2 of 2 entries of ledger.example.com/test\n",
    err: "",
  });
  expect(await rowsOf(site)).toEqual(before);
});

test("what is wrong is named before anything is opened", async () => {
  expect((await weir("reindex", "/nowhere")).err).toContain("/nowhere is no collector's data folder");
  expect((await weir("reindex", "/nowhere", "--store", "http://ch:8123")).err).toContain(
    "--store: write duckdb, or https://",
  );
  expect((await weir("reindex", "/nowhere", "--store-mib", "1")).code).toBe(64);
});
