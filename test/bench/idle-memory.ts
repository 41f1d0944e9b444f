// Memory of a proxy at rest, and for each idle session more.
import { setTimeout as delay } from "node:timers/promises";
import { Frontend } from "../support/frontend.ts";
import { residentBytes } from "./machine.ts";
import { short, table } from "./medians.ts";
import type { Bench, Section } from "./section.ts";
import { WEIR, WEIR_UNWRITTEN } from "./targets.ts";

const MEGABYTE = 2 ** 20;

export async function measureIdleMemory(bench: Bench): Promise<readonly Section[]> {
  const sessions = bench.isShort ? 20 : 150;
  const rows: string[][] = [];
  let told = "–";
  for (const { name, pid, port } of bench.targets) {
    if (pid === null || name === WEIR_UNWRITTEN) continue;
    (await Frontend.login({ port, user: "postgres", database: "postgres" })).destroy();
    await delay(500);
    const before = residentBytes(pid);
    const open: Frontend[] = [];
    for (let n = 0; n < sessions; n++)
      open.push(await Frontend.login({ port, user: "postgres", database: "postgres" }));
    await delay(500);
    const eachKb = (residentBytes(pid) - before) / sessions / 1024;
    for (const frontend of open) frontend.destroy();
    rows.push([name, short(before / MEGABYTE), short(eachKb)]);
    if (name === WEIR) told = `${short(before / MEGABYTE)} MB and ${short(eachKb)} KB a session`;
  }
  const body = `Resident memory after one session, MB, and what ${sessions} idle sessions added, KB each.\n\n${table(["", "MB", "KB a session"], rows)}`;
  return [
    { title: "Memory", body, aims: [{ what: "memory", found: told, aim: "at most 150 MB and 128 KB a session" }] },
  ];
}
