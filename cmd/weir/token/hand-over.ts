// The token's way out: standard output, or a file that only its owner can read.
import { resolve } from "node:path";
import { writeOwn } from "../login/own-file.ts";

export function handOver(line: string, out: string | undefined): void {
  if (out === undefined) process.stdout.write(`${line}\n`);
  else writeOwn(resolve(out), `${line}\n`);
}
