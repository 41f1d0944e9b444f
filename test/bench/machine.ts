// The machine that figures were taken on, in one line; and what a process has used of it.
import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { type Tools, versionOf } from "./tools.ts";

export function machine(tools: Tools, postgres: string): string[] {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const peers = [tools.pgbouncer, tools.haproxy, tools.odyssey].flatMap((program) =>
    program ? [versionOf(program)] : [],
  );
  return [
    `${cpus().length} × ${model}, ${gigabytes} GiB, ${type()} ${release().split("-")[0]}${isVirtual() ? ", a virtual machine" : ""}`,
    [`Node ${process.versions.node}`, postgres, versionOf(tools.pgbench), ...peers].join("; "),
  ];
}

function isVirtual(): boolean {
  try {
    return readFileSync("/proc/cpuinfo", "utf8").includes("hypervisor");
  } catch {
    return false;
  }
}

/** The kernel's ticks; POSIX fixes them at 100 a second for what it tells in /proc. */
const TICK_US = 10_000;

/** CPU that a process and its threads have used so far, microseconds (proc(5), utime and stime). */
export function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory, bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) * 1024;
}
