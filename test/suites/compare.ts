// Results of one run beside those of another, file by file, without the folder they were written to.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Comparison {
  readonly file: string;
  /** As `diff` prints them. */
  readonly lines: readonly string[];
}

export function compare(direct: string, through: string): readonly Comparison[] {
  const scratch = mkdtempSync(join(tmpdir(), "weir-suites-"));
  try {
    return namesIn(direct, through).flatMap((file) => {
      const [left, right] = [textOf(direct, file), textOf(through, file)];
      return left === right ? [] : [{ file, lines: difference(scratch, left, right) }];
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function namesIn(...folders: readonly string[]): readonly string[] {
  const names = folders.flatMap((folder) =>
    readdirSync(join(folder, "results")).filter((name) => name.endsWith(".out")),
  );
  return [...new Set(names)].sort();
}

function textOf(folder: string, file: string): string {
  try {
    return readFileSync(join(folder, "results", file), "latin1").replaceAll(folder, "OUTPUT");
  } catch {
    return "there is no such result\n";
  }
}

function difference(scratch: string, left: string, right: string): readonly string[] {
  const paths = [join(scratch, "direct"), join(scratch, "through")] as const;
  writeFileSync(paths[0], left, "latin1");
  writeFileSync(paths[1], right, "latin1");
  try {
    execFileSync("diff", paths, { encoding: "latin1" });
    return [];
  } catch (error) {
    return (error as { stdout: string }).stdout.split("\n").filter((line) => line !== "");
  }
}
