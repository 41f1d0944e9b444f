// The little of Protocol Buffers' wire format that our records need: written here because their bytes are there already, and a library
// would first make texts of them. https://protobuf.dev/programming-guides/encoding/

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** One message. Bytes that are handed in are not copied before `bytes()`, so they must stay as they are. */
export class Message {
  readonly parts: Uint8Array[] = [];
  length = 0;

  text(field: number, value: string): this {
    return this.data(field, Buffer.from(value));
  }

  data(field: number, value: Uint8Array): this {
    this.head(field, value.length);
    return this.push(value);
  }

  message(field: number, value: Message): this {
    this.head(field, value.length);
    for (const part of value.parts) this.push(part);
    return this;
  }

  /** A field that is written already, with its key and length. */
  encoded(bytes: Uint8Array): this {
    return this.push(bytes);
  }

  whole(field: number, value: number): this {
    return this.push(Buffer.from([...varint(field * 8 + VARINT), ...varint(value)]));
  }

  fixed64(field: number, value: bigint): this {
    const bytes = Buffer.from([...varint(field * 8 + FIXED64), 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.writeBigUInt64LE(value, bytes.length - 8);
    return this.push(bytes);
  }

  /** In memory of its own, or in `into`, which holds at least `length` bytes. */
  bytes(into: Buffer = Buffer.allocUnsafe(this.length)): Buffer {
    let at = 0;
    for (const part of this.parts) {
      into.set(part, at);
      at += part.length;
    }
    return into.subarray(0, at);
  }

  private head(field: number, length: number): void {
    this.push(Buffer.from([...varint(field * 8 + LENGTH), ...varint(length)]));
  }

  private push(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }
}

/** Of whole numbers from 0 to 2^53. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

export type FieldValue = number | Buffer;

/** The fields of one message in order; null when it is none. Fixed numbers come as their bytes. */
export function fieldsOf(bytes: Buffer): readonly (readonly [number, FieldValue])[] | null {
  const fields: (readonly [number, FieldValue])[] = [];
  let at = 0;
  const number = (): number | null => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56 && at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return null;
  };
  while (at < bytes.length) {
    const key = number();
    const kind = key === null ? -1 : key % 8;
    const size = kind === VARINT || kind === LENGTH ? number() : kind === FIXED64 ? 8 : kind === 5 ? 4 : null;
    if (key === null || key < 8 || size === null) return null;
    const field = Math.floor(key / 8);
    if (kind === VARINT) {
      fields.push([field, size]);
      continue;
    }
    if (at + size > bytes.length) return null;
    fields.push([field, bytes.subarray(at, at + size)]);
    at += size;
  }
  return fields;
}
