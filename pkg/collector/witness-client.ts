// Asks a witness to sign a checkpoint (C2SP tlog-witness, `POST <prefix>/add-checkpoint`): it remembers the last size that it saw of this log
// and signs only what is proven to continue it, so that a history cannot be rewritten behind its back.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { checkNote, type NoteVerifier, parseNote, withOnly } from "../ledger/note.ts";

export interface Witness {
  readonly url: string;
  readonly key: NoteVerifier;
}

/** That the first `size` entries begin with the first `oldSize`. */
export type ProveConsistency = (oldSize: number, size: number) => Promise<readonly Buffer[]>;

export type Cosigned =
  | { readonly signed: true; readonly lines: string }
  | { readonly signed: false; readonly why: string };

const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class WitnessClient {
  readonly witness: Witness;
  private readonly ca: string | undefined;
  /** The size that it is believed to know. */
  private knownSize = 0;

  constructor(witness: Witness, ca?: string) {
    this.witness = witness;
    this.ca = ca;
  }

  /** `note`: the checkpoint signed by the log. Never throws. */
  async cosign(note: string, size: number, prove: ProveConsistency): Promise<Cosigned> {
    try {
      let answer = await this.ask(note, size, prove);
      // 409 tells the size that it really knows, as after a restart of ours.
      const known = answer.status === 409 ? sizeOf(answer.text, size) : null;
      if (known !== null && known !== this.knownSize) {
        this.knownSize = known;
        answer = await this.ask(note, size, prove);
      }
      return this.judge(answer, note, size);
    } catch (cause) {
      return { signed: false, why: (cause as NodeJS.ErrnoException).code ?? (cause as Error).message };
    }
  }

  private async ask(note: string, size: number, prove: ProveConsistency): Promise<Answer> {
    const proof = this.knownSize === 0 ? [] : await prove(this.knownSize, size);
    const lines = proof.map((hash) => `${hash.toString("base64")}\n`).join("");
    return await this.post(`old ${this.knownSize}\n${lines}\n${note}`);
  }

  /** Only a signature that its key has really made counts, and nothing else of the answer: a line in another's name, such as the log's,
   * would make the checkpoint wrongly signed for everybody. */
  private judge({ status, text }: Answer, note: string, size: number): Cosigned {
    if (status !== 200) return { signed: false, why: `it answers ${status}` };
    const own = parseNote(note).text;
    const answered = parseNote(note + text);
    const check = checkNote(answered, this.witness.key);
    if (answered.text !== own) return { signed: false, why: "its answer is no signature" };
    if (!check.signed) return { signed: false, why: `its signature is ${check.why}` };
    this.knownSize = size;
    return { signed: true, lines: withOnly(note + text, this.witness.key).slice(own.length + 1) };
  }

  private post(body: string): Promise<Answer> {
    const url = new URL(`${this.witness.url.replace(/\/+$/, "")}/add-checkpoint`);
    const send = url.protocol === "http:" ? requestHttp : requestHttps;
    return new Promise((resolve, reject) => {
      const options = { method: "POST", signal: AbortSignal.timeout(TIMEOUT_MS), ...(this.ca && { ca: this.ca }) };
      const sent = send(url, options, (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > ANSWER_BYTES_MAX) response.destroy(new Error("its answer is too long"));
          else chunks.push(chunk);
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

function sizeOf(text: string, most: number): number | null {
  const size = /^\d{1,16}\n?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) && size <= most ? size : null;
}
