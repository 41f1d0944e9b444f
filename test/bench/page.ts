// The page of figures: the bench replaces what stands between its marks in docs/performance.md and leaves the rest to people.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { table } from "./medians.ts";
import type { Section } from "./section.ts";

const FILE = join(import.meta.dirname, "../../docs/performance.md");
const BEGIN = "<!-- written by `make bench` -->";
const END = "<!-- end of what `make bench` wrote -->";

export function pageOf(machine: readonly string[], remarks: readonly string[], sections: readonly Section[]): string {
  const aims = sections.flatMap((section) => section.aims).map(({ what, found, aim }) => [what, found, aim]);
  const parts = [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${machine.join("; ")}.`,
    ...remarks,
    table(["aim", "found", "target"], aims),
    ...sections.map(({ title, body }) => `### ${title}\n\n${body}`),
  ];
  return parts.join("\n\n");
}

export function writePage(text: string): string {
  const page = readFileSync(FILE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${FILE} has lost its marks: ${BEGIN} and ${END}`);
  writeFileSync(FILE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  return FILE;
}
