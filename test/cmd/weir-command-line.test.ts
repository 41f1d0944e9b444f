import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = resolve(import.meta.dirname, "../../cmd/weir/weir.sh");

function weir(...args: string[]) {
  const { status, stdout, stderr } = spawnSync("sh", [program, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("without arguments it lists its commands", () => {
  expect(weir()).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/usage: weir COMMAND[\s\S]*\n {2}demo /),
    stderr: "",
  });
});

test("every command explains itself", () => {
  const names = [...weir("--help").stdout.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2}/gm)].map((match) => match[1]!);
  expect(names).toContain("demo");
  for (const name of names)
    expect(weir(...name.split(" "), "--help")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`usage: weir ${name}`),
    });
});

test("what it does not know is a usage error with the nearest that it does", () => {
  expect(weir("dmeo")).toEqual({
    status: 64,
    stdout: "",
    stderr: 'weir: there is no command "dmeo"; did you mean "demo"?\ntry weir --help\n',
  });
  expect(weir("demo", "--exti")).toEqual({
    status: 64,
    stdout: "",
    stderr: 'weir: there is no option --exti; did you mean "--exit"?\ntry weir demo --help\n',
  });
});

test("half a command explains the whole when there is only one", () => {
  expect(weir("policy", "--help").stdout).toContain("usage: weir policy lint");
});

test("a folder without policies is not a good one, and a file is no folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "weir-lint-"));
  expect(weir("policy", "lint", folder)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("holds no *.yaml"),
  });
  expect(weir("policy", "lint", program)).toMatchObject({
    status: 69,
    stdout: expect.stringContaining("it is a file"),
  });
  await rm(folder, { recursive: true });
});

test("it runs through a symbolic link, as npm makes one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "weir-link-"));
  symlinkSync(program, join(folder, "weir"));
  expect(spawnSync(join(folder, "weir"), ["--help"], { encoding: "utf8" }).status).toBe(0);
  await rm(folder, { recursive: true });
});
