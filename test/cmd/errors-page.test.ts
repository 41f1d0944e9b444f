import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { clientForms, startForms } from "../support/error-forms.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/errors.md"), "utf8");
const cells = new Set([...page.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));

/** Problems of policies have a form of their own (`file:line:column: field: what; remedy`); the other files tell nobody at the start. */
const otherwise = [
  "bundle-source.ts",
  "column-pattern.ts",
  "condition.ts",
  "configuration-page.ts",
  "watch-unmatched.ts",
  "verify-report.ts",
  "catalog-connection.ts",
];
/** Words of the log, and of Weir to itself. */
const notTold: readonly RegExp[] = [
  /^the … closed its connection/,
  /^the database server refused/,
  /^the server refused/,
];

function formsIn(folder: string, forms: (source: string) => readonly string[]): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".ts") && !otherwise.includes(name))
    .flatMap((name) => forms(readFileSync(join(root, folder, name), "utf8")))
    .filter((form) => !notTold.some((pattern) => pattern.test(form)));
}

const prefixed = (form: string) => (/^(the server's error|a notice of)/.test(form) ? `weir: ${form}` : form);
const told = ["pkg/policy", "pkg/gate", "pkg/proxy"].flatMap((folder) => formsIn(folder, clientForms)).map(prefixed);
const atStart = [...formsIn("cmd/sidecar", startForms), ...formsIn("pkg/audit", startForms)];

test("the sources are read: well-known texts are among what is found", () => {
  expect(told).toEqual(expect.arrayContaining(["guard … does not allow this statement", "… cannot be reached: …"]));
  expect(told.length).toBeGreaterThan(60);
  expect(atStart).toContain("write true or false");
});

test("every text that Weir sends to a client is in docs/errors.md", () => {
  expect(told.filter((form) => !cells.has(form))).toEqual([]);
});

test("every text that ends the start is in docs/errors.md", () => {
  expect(atStart.filter((form) => !cells.has(form))).toEqual([]);
});

test("every text of docs/errors.md is in the sources", () => {
  const known = new Set([...told, ...atStart]);
  const rows = page.split("\n").filter((line) => line.startsWith("| "));
  const texts = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
  expect(
    texts.filter((text) => /\w+ \w+ \w+/.test(text) && !text.startsWith("weir policy") && !known.has(text)),
  ).toEqual([]);
});
