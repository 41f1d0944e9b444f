// Across kill -9 on a real file system: what the log confirmed is there, and every later log goes on from every earlier checkpoint.
// WEIR_KILL_RUNS=n kills as often.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCheckpoint } from "../../pkg/ledger/checkpoint.ts";
import { LedgerLog } from "../../pkg/ledger/log.ts";
import { isConsistent, leafHash, type TreeHead } from "../../pkg/ledger/merkle.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";

const runs = Number(process.env.WEIR_KILL_RUNS ?? 6);
const signer = newSigner("kill.example", "ed25519", Buffer.alloc(32, 9));
const sign = (text: string) => signNote(text, [signer], 0);

/** Kills the child after `lines` of what it tells; returns the most that it confirmed. */
function live(folder: string, lines: number): Promise<{ readonly size: number; readonly checkpoint: number }> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, "log-kill-child.ts"), folder], { env });
  let told = "";
  let complaint = "";
  child.stderr.on("data", (bytes) => {
    complaint += bytes;
  });
  child.stdout.on("data", (bytes) => {
    told += bytes;
    if (told.split("\n").length > lines) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("close", (_, signal) => {
      if (signal !== "SIGKILL") return reject(new Error(`the child ended by itself: ${complaint}`));
      const whole = told.split("\n").slice(0, -1);
      const sizes = whole.filter((line) => /^\d/.test(line)).map(Number);
      const checkpoints = whole.filter((line) => line.startsWith("c")).map((line) => Number(line.split(" ")[1]));
      resolve({ size: Math.max(0, ...sizes), checkpoint: Math.max(0, ...checkpoints) });
    });
  });
}

test("killed at any moment, the log has what it confirmed and goes on from each of its checkpoints", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-log-kill-"));
  const heads: TreeHead[] = [];
  try {
    for (let run = 0; run < runs; run++) {
      const confirmed = await live(folder, 1 + ((run * 37) % 150));
      const log = await LedgerLog.open({ folder, origin: "kill.example" });
      expect(log.size).toBeGreaterThanOrEqual(confirmed.size);
      expect(log.checkpointHead?.size ?? 0).toBeGreaterThanOrEqual(confirmed.checkpoint);
      const { checkpoint } = parseCheckpoint(await log.checkpoint(sign));
      for (const head of heads)
        expect(isConsistent(head, checkpoint, await log.consistencyProof(head.size, checkpoint.size))).toBe(true);
      heads.push(checkpoint);
      let last: Buffer = Buffer.alloc(0);
      for await (const { bytes } of log.entries(checkpoint.size - 1)) last = bytes;
      expect(leafHash(last)).toEqual(leafHash(Buffer.from("{}")));
      await log.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 300_000);
