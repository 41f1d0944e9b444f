import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hasSigned } from "../../pkg/collector/evidence-export.ts";
import { WitnessClient } from "../../pkg/collector/witness-client.ts";
import { signCheckpoint } from "../../pkg/ledger/checkpoint.ts";
import { checkNote, newSigner, parseNote, signNote } from "../../pkg/ledger/note.ts";

const origin = "ledger.example.com/test";
const log = newSigner(origin, "ed25519", Buffer.alloc(32, 1));
const witness = newSigner("witness.example.com/w1", "cosignature", Buffer.alloc(32, 2));
const other = newSigner("witness.example.com/w2", "cosignature", Buffer.alloc(32, 3));
const note = signCheckpoint({ origin, size: 5, root: Buffer.alloc(32, 9) }, [log]);
const { text } = parseNote(note);
const linesOf = (signed: string) => signed.slice(signed.lastIndexOf("\n\n") + 2);

let server: Server;
afterEach(() => void server.close());

async function answered(body: string) {
  server = createServer((request, response) => void request.resume().on("end", () => response.end(body)));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return await new WitnessClient({ url, key: witness }).cosign(note, 5, async () => []);
}

test("of a witness's answer nothing counts but its own signature", async () => {
  const good = linesOf(signNote(text, [witness], 7));
  const inOtherNames = linesOf(signNote(`${text}more\n`, [log, other], 7));
  const cosigned = await answered(inOtherNames + good + inOtherNames);
  expect(cosigned).toEqual({ signed: true, lines: good });
  expect(checkNote(parseNote(note + good), log).signed).toBe(true);
});

test("a witness cannot make another text of the checkpoint", async () => {
  const longer = `${note}\n`;
  const cosigned = await answered(`\n${linesOf(signNote(longer.slice(0, -1), [witness], 7))}`);
  expect(cosigned.signed).toBe(false);
});

test("a witness with a new key has not signed with its old one", () => {
  const renewed = newSigner("witness.example.com/w1", "cosignature", Buffer.alloc(32, 4));
  const cosigned = note + linesOf(signNote(text, [renewed], 7));
  expect([hasSigned(cosigned, renewed.vkey), hasSigned(cosigned, witness.vkey)]).toEqual([true, false]);
});
