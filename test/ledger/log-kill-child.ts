// A log's writing side for log-kill.test.ts: appends without end, makes a checkpoint now and then, tells on standard output what was
// confirmed: `node log-kill-child.ts FOLDER`.
import { writeSync } from "node:fs";
import { LedgerLog } from "../../pkg/ledger/log.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";

const signer = newSigner("kill.example", "ed25519", Buffer.alloc(32, 9));
const log = await LedgerLog.open({ folder: process.argv[2]!, origin: "kill.example" });

async function writer(): Promise<never> {
  for (;;) {
    const index = await log.append([Buffer.from(`{"by":"${process.pid}"}`), Buffer.from("{}")]);
    writeSync(1, `${index + 2}\n`);
  }
}

async function publisher(): Promise<never> {
  for (;;) {
    await log.checkpoint((text) => signNote(text, [signer], 0));
    writeSync(1, `checkpoint ${log.checkpointHead!.size}\n`);
  }
}

await Promise.all([writer(), writer(), writer(), publisher()]);
