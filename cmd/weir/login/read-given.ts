// A secret or token out of a file that an option names: one line, bounded.
import { readFileSync, statSync } from "node:fs";
import { UsageError } from "../command.ts";

const BYTES_MAX = 64 * 1024;

/** Without the blanks at its ends. @throws UsageError, which holds nothing of the file */
export function readGiven(option: string, file: string): string {
  let text: string;
  try {
    if (statSync(file).size > BYTES_MAX) throw Object.assign(new Error(), { code: `more than ${BYTES_MAX} bytes` });
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new UsageError(`${option}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
  if (text === "") throw new UsageError(`${option}: ${file} is empty`);
  return text;
}
