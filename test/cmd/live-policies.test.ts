import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Compiled, openPolicies } from "../../cmd/sidecar/live-policies.ts";
import type { ResourceFile } from "../../pkg/resources/parse-resources.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-policies-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Stands in for the compiler: a file is good unless it says "bad". */
function compile(files: readonly ResourceFile[]): Compiled<string> {
  const bad = files.filter((file) => file.text.includes("bad"));
  if (bad.length > 0) return { good: false, problems: bad.map((file) => `${file.file}:1: bad`) };
  return { good: true, policies: files.map((file) => file.text).join("+") };
}

function open(onChange: (outcome: Compiled<string>) => void = () => {}) {
  const opened = openPolicies({ folder, compile, onChange, settleMs: 5, pollMs: 20 });
  if (!opened.good) throw new Error(opened.problems.join());
  return opened.live;
}

function nextChange(): { changed: Promise<Compiled<string>>; listen: (outcome: Compiled<string>) => void } {
  const { promise, resolve } = Promise.withResolvers<Compiled<string>>();
  return { changed: promise, listen: resolve };
}

test("a bad file never unloads a good one, and its mending takes effect", async () => {
  let { changed, listen } = nextChange();
  writeFileSync(join(folder, "a.yaml"), "one");
  const live = open((outcome) => listen(outcome));
  expect([live.current(), live.problems()]).toEqual(["one", []]);

  writeFileSync(join(folder, "a.yaml"), "bad");
  await changed;
  expect([live.current(), live.problems()]).toEqual(["one", [`${join(folder, "a.yaml")}:1: bad`]]);

  ({ changed, listen } = nextChange());
  writeFileSync(join(folder, "fresh.tmp"), "two");
  renameSync(join(folder, "fresh.tmp"), join(folder, "a.yaml"));
  await changed;
  expect([live.current(), live.problems()]).toEqual(["two", []]);
  live.close();
});

test("a folder that goes away leaves its last content in force", async () => {
  const { changed, listen } = nextChange();
  writeFileSync(join(folder, "a.yaml"), "one");
  const live = open(listen);
  rmSync(folder, { recursive: true });
  await changed;
  expect([live.current(), live.problems()]).toEqual(["one", [`${folder}: cannot be read (ENOENT)`]]);
  live.close();
});

test("what is bad at the start is not opened at all", () => {
  writeFileSync(join(folder, "a.yml"), "bad");
  writeFileSync(join(folder, "b.yaml"), "also bad");
  writeFileSync(join(folder, "notes.txt"), "bad, but nobody's policy");
  const opened = openPolicies({ folder, compile, onChange: () => {} });
  expect(opened).toEqual({
    good: false,
    problems: [`${join(folder, "a.yml")}:1: bad`, `${join(folder, "b.yaml")}:1: bad`],
  });
});
