// Invariant 2 across kill -9: what was acknowledged is there after a restart, once, and the chain goes on. A seed reproduces a run:
// WEIR_KILL_SEED=n runs that one, WEIR_KILL_RUNS=n as many.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { verifySpool } from "../../pkg/audit/verify.ts";
import { newFolder, openWriter, removeFolders } from "./fixtures.ts";
import { seeded } from "./seeded.ts";
import { linesOf } from "./spool-lines.ts";

const CALLS = ["write", "write", "write", "replace", "openAppend", "truncate", "none"] as const;
const MOMENTS = ["before", "middle", "after"] as const;
const KILLS_PER_SPOOL = 5;

interface Kill {
  readonly call: (typeof CALLS)[number];
  readonly moment: (typeof MOMENTS)[number];
  readonly count: number;
}

/** One life of the child. Returns what it was told was written; `none` is killed from outside after `count` acknowledgements. */
function live(
  folder: string,
  seed: number,
  { call, moment, count }: Kill,
  meanwhile: () => void = () => {},
): Promise<readonly (readonly [number, string])[]> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = [join(import.meta.dirname, "kill-child.ts"), folder, String(seed), call, String(count), moment];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  let complaint = "";
  child.stderr.on("data", (bytes) => (complaint += bytes));
  child.stdout.on("data", (bytes) => {
    told += bytes;
    meanwhile();
    const acks = told.split("\n").length - 1;
    // A call that never comes (nothing torn to truncate) ends the life from outside too.
    if ((call === "none" && acks >= count) || acks >= 60) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("close", (_, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`the child ended by itself: ${complaint}`));
      else
        resolve(
          told
            .split("\n")
            .slice(0, -1)
            .map((line) => [Number(line.split(" ")[0]), line.split(" ")[1]!] as const),
        );
    });
  });
}

function kills(seed: number): Kill[] {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  return Array.from({ length: KILLS_PER_SPOOL }, () => {
    const call = pick(CALLS);
    return { call, moment: pick(MOMENTS), count: 1 + Math.floor(random() * (call === "truncate" ? 1 : 12)) };
  });
}

const runs = Number(process.env.WEIR_KILL_RUNS ?? 10);
const seeds =
  process.env.WEIR_KILL_SEED === undefined
    ? Array.from({ length: runs }, (_, seed) => seed + 1)
    : [Number(process.env.WEIR_KILL_SEED)];

afterEach(removeFolders);

test.each(seeds)(
  `seed %d: ${KILLS_PER_SPOOL} times kill -9, nothing acknowledged is lost, nothing is there twice`,
  async (seed) => {
    const folder = newFolder();
    const acknowledged: (readonly [number, string])[] = [];
    for (const kill of kills(seed)) acknowledged.push(...(await live(folder, seed, kill)));
    openWriter(folder).close("last restart");

    const report = await verifySpool(folder);
    expect(report).toMatchObject({ verdict: "intact", chains: [{ first: 0, closed: true }] });
    const lines = linesOf(folder).map((line) => JSON.parse(line));
    expect(lines.map(({ record }) => record.metadata.sequence)).toEqual(lines.map((_, index) => index));
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.filter(([number, hash]) => lines[number]?.sha256 !== hash)).toEqual([]);

    const keys = lines.map(
      ({ record: { unmapped } }) => `${unmapped.weir.kind} ${unmapped.weir.session}/${unmapped.weir.statement}`,
    );
    const decisions = keys.filter((key) => key.startsWith("decision "));
    const outcomes = keys.filter((key) => key.startsWith("outcome "));
    expect(new Set(decisions).size).toBe(decisions.length);
    expect(outcomes.map((key) => key.replace("outcome", "decision")).sort()).toEqual(decisions.sort());
  },
);

test("while one process lives no other gets its spool, and when it is killed the next one does", async () => {
  const folder = newFolder();
  let refused: unknown;
  await live(folder, 1, { call: "none", moment: "before", count: 3 }, () => {
    try {
      openWriter(folder);
    } catch (error) {
      refused = error;
    }
  });
  expect(refused).toMatchObject({ name: "AuditUnavailable", code: "locked" });
  openWriter(folder).close("done");
});
