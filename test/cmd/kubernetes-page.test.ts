import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { typed } from "../e2e/typed.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const all = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => /\.(ts|tpl|yaml)$/.test(name))
    .map((name) => read(join(folder, name)))
    .join("\n");
const page = read("docs/kubernetes.md");
const boxes = (text: string) =>
  [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((box) => box[1]!.trim().split("\n"));

test("docs/kubernetes.md shows what test/e2e types, in its order", () => {
  const again = new Set<string>([typed.restart]); // on the page at the beginning and at the end
  const shown = boxes(page);
  expect(shown.filter((line, index) => !again.has(line) || shown.indexOf(line) === index)).toEqual(
    Object.values(typed),
  );
});

test("every line of it is typed in test/e2e", () => {
  const tests = all("test/e2e");
  expect(Object.keys(typed).filter((name) => !tests.includes(`typed.${name})`))).toEqual([]);
});

test("the README's three commands are among them", () => {
  const commands = boxes(read("README.md")).filter(
    (line) => /^(helm|kubectl) /.test(line) && !/^kubectl create namespace/.test(line),
  );
  expect(commands).toEqual([typed.install, typed.annotate, typed.apply]);
});

test("every refusal that the page explains is one of the chart's", () => {
  const chart = all("charts/weir/templates");
  const table = page.slice(page.indexOf("| text |"), page.indexOf("A refused *statement*"));
  const texts = table
    .split("\n")
    .filter((row) => row.startsWith("| `"))
    .flatMap((row) => [...row.split(" | ")[0]!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
  expect(texts.length).toBeGreaterThan(15);
  const parts = texts.flatMap((text) => text.split("…").map((part) => part.trim())).filter((part) => part !== "");
  expect(parts.filter((part) => !chart.includes(part))).toEqual([]);
});

test("no refusal names a command that does not exist", () => {
  const named = [...all("charts/weir/templates").matchAll(/`(?:kubectl )?weir ([a-z]+)/g)].map((match) => match[1]!);
  const commands = [...read("cmd/weir/main.ts").matchAll(/import \{ (\w+) \}|^\s+(\w+),/gm)].flat();
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !commands.includes(name))).toEqual([]);
});
