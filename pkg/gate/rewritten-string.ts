// The text of a Query in which statements are replaced, or something of ours stands between them, and how far that moves what follows.

export class RewrittenString {
  /** Characters by which what follows the last change stands further back than the client wrote it. */
  movedBy = 0;
  readonly #text: Buffer;
  readonly #utf8: boolean;
  readonly #pieces: Buffer[] = [];
  #at = 0;

  constructor(text: Buffer, utf8: boolean) {
    this.#text = text;
    this.#utf8 = utf8;
  }

  get isRewritten(): boolean {
    return this.#pieces.length > 0;
  }

  /** `sql` is ASCII. Places are handed in in order. */
  insert(atByte: number, sql: string): void {
    this.replace({ startByte: atByte, endByte: atByte }, sql);
  }

  replace({ startByte, endByte }: { readonly startByte: number; readonly endByte: number }, sql: string): void {
    const ours = Buffer.from(` ${sql} `);
    this.#pieces.push(this.#text.subarray(this.#at, startByte), ours);
    this.#at = endByte;
    this.movedBy += ours.length - this.#characters(this.#text.subarray(startByte, endByte));
  }

  bytes(): Buffer {
    return Buffer.concat([...this.#pieces, this.#text.subarray(this.#at)]);
  }

  /** As the server counts them in the position of an error. */
  #characters(bytes: Buffer): number {
    return this.#utf8 ? [...bytes.toString("utf8")].length : bytes.length;
  }
}
