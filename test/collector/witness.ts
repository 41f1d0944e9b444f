// A small witness (C2SP tlog-witness) on loopback: remembers the last size and root of one log, and signs what is proven to continue it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseCheckpoint } from "../../pkg/ledger/checkpoint.ts";
import { isConsistent, type TreeHead } from "../../pkg/ledger/merkle.ts";
import { checkNote, type NoteVerifier, newSigner, parseNote, signNote } from "../../pkg/ledger/note.ts";

export interface TestWitness {
  readonly url: string;
  readonly vkey: string;
  readonly asked: number[];
  head: TreeHead | null;
  /** Answers with this status instead. */
  fails: number | null;
  /** Signs something else. */
  lies: boolean;
  close(): Promise<void>;
}

export async function startWitness(logKey: () => NoteVerifier, name = "witness.example.com/w1"): Promise<TestWitness> {
  const signer = newSigner(name, "cosignature", Buffer.alloc(32, 5));
  const witness: TestWitness = {
    url: "",
    vkey: signer.vkey,
    asked: [],
    head: null,
    fails: null,
    lies: false,
    close: async () => {},
  };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const answer = witness.fails === null ? judge(body) : { status: witness.fails, text: "" };
    response.writeHead(answer.status).end(answer.text);
  });
  function judge(body: string): { readonly status: number; readonly text: string } {
    const [first = "", ...lines] = body.slice(0, body.indexOf("\n\n")).split("\n");
    const note = body.slice(body.indexOf("\n\n") + 2);
    const oldSize = Number(/^old (\d+)$/.exec(first)?.[1]);
    witness.asked.push(oldSize);
    if (!checkNote(parseNote(note), logKey()).signed) return { status: 403, text: "" };
    const { checkpoint } = parseCheckpoint(note);
    const known = witness.head?.size ?? 0;
    if (oldSize !== known) return { status: 409, text: `${known}\n` };
    const proof = lines.map((line) => Buffer.from(line, "base64"));
    if (known > 0 && !isConsistent(witness.head!, checkpoint, proof)) return { status: 422, text: "" };
    witness.head = checkpoint;
    const { text } = parseNote(note);
    const signed = signNote(witness.lies ? `${text}more\n` : text, [signer], 1_800_000_000);
    return { status: 200, text: signed.slice(signed.indexOf("\n\n") + 2) };
  }
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(witness, {
    url,
    close: () => new Promise<void>((done) => server.close(() => done()) && server.closeAllConnections()),
  });
}
