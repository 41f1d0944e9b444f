// The lines of a spool folder as tests read and tamper with them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recordHash } from "../../pkg/audit/chain.ts";
import { parseLine } from "../../pkg/audit/line.ts";
import { segmentName, segmentOrdinals } from "../../pkg/audit/segment-file.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into records freely
export type Json = any;

export function segmentsOf(folder: string): string[] {
  return segmentOrdinals(readdirSync(folder)).map(segmentName);
}

/** Whole lines of all segments, in order. */
export function linesOf(folder: string): string[] {
  return segmentsOf(folder).flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1));
}

export function recordsOf(folder: string): Json[] {
  return linesOf(folder).map((line) => JSON.parse(line).record);
}

/** `kind` and what tells records of that kind apart. */
export function kindsOf(folder: string): string[] {
  return recordsOf(folder).map(({ unmapped: { weir }, status }) =>
    [weir.kind, weir.phase ?? weir.statement, status].filter((part) => part !== undefined).join(" "),
  );
}

/** Changes the lines of the folder's only segment. */
export function rewrite(folder: string, change: (lines: string[]) => string[], segment = segmentsOf(folder)[0]!): void {
  const file = join(folder, segment);
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  writeFileSync(
    file,
    change(lines)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

/** A line whose record was changed by someone who knows to write its hash anew. */
export function forged(line: string, change: (record: string) => string): string {
  const record = change(parseLine(Buffer.from(line))!.record.toString());
  return `{"sha256":"${recordHash(Buffer.from(record))}","record":${record}}`;
}
