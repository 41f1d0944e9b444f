// The machine's own package sources, read as sources of source packages, in a folder of ours: `deb` lines become `deb-src` lines.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MACHINE = "/etc/apt";

/** Options that make apt-get use lists of source packages in `folder`. */
export function privateAptOptions(folder: string, machine = MACHINE): readonly string[] {
  const parts = join(folder, "parts");
  for (const each of [parts, join(folder, "lists/partial"), join(folder, "cache/archives/partial")])
    mkdirSync(each, { recursive: true });
  for (const [name, text] of sourceLists(machine)) writeFileSync(join(parts, name), text);
  return [
    "-o",
    "Dir::Etc::sourcelist=/dev/null",
    "-o",
    `Dir::Etc::sourceparts=${parts}`,
    "-o",
    `Dir::State::lists=${join(folder, "lists")}`,
    "-o",
    `Dir::Cache=${join(folder, "cache")}`,
    // The folder is ours, and apt's own user may not read it.
    "-o",
    "APT::Sandbox::User=root",
  ];
}

function sourceLists(machine: string): readonly (readonly [string, string])[] {
  const folder = join(machine, "sources.list.d");
  const files = [
    join(machine, "sources.list"),
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ].filter((path) => existsSync(path) && /\.(list|sources)$/.test(path));
  return files.map((path, at) => {
    const text = readFileSync(path, "utf8");
    return path.endsWith(".list") ? [`${at}.list`, ofLines(text)] : [`${at}.sources`, ofStanzas(text)];
  });
}

export function ofLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => /^deb\s/.test(line))
    .map((line) => `${line.replace(/^deb\s/, "deb-src ")}\n`)
    .join("");
}

export function ofStanzas(text: string): string {
  return text.replace(/^Types:.*$/gm, "Types: deb-src");
}
