// Frontend messages as bytes, with every field under the test's control. Source: PostgreSQL "Message Formats".

/** One typed frame: Byte1 type, Int32 length, body. */
export function frame(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export function int16(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => {
    buffer.writeUInt16BE(value & 0xffff, index * 2);
  });
  return buffer;
}

export function int32(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeInt32BE(value | 0, index * 4);
  });
  return buffer;
}

/** A zero-terminated string; a Buffer passes as it is, for encodings other than UTF-8. */
export function cstring(text: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(text as string), Buffer.from([0])]);
}

export type Value = string | Buffer | null;

function counted(value: Value): Buffer {
  if (value === null) return int32(-1);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([int32(bytes.length), bytes]);
}

export interface BindOptions {
  readonly portal?: string;
  readonly statement?: string;
  readonly values?: readonly Value[];
  /** Format codes of the parameters: none, one for all, or one each. 0 text, 1 binary. */
  readonly formats?: readonly number[];
  readonly results?: readonly number[];
}

export const query = (text: string | Buffer): Buffer => frame("Q", cstring(text));
export const parse = (name: string, text: string | Buffer, types: readonly number[] = []): Buffer =>
  frame("P", cstring(name), cstring(text), int16(types.length), int32(...types));
export const bind = (options: BindOptions = {}): Buffer => {
  const { portal = "", statement = "", values = [], formats = [], results = [] } = options;
  return frame(
    "B",
    cstring(portal),
    cstring(statement),
    int16(formats.length, ...formats),
    int16(values.length),
    ...values.map(counted),
    int16(results.length, ...results),
  );
};
export const describe = (kind: "S" | "P", name = ""): Buffer => frame("D", Buffer.from(kind), cstring(name));
export const execute = (portal = "", rowsMax = 0): Buffer => frame("E", cstring(portal), int32(rowsMax));
export const close = (kind: "S" | "P", name = ""): Buffer => frame("C", Buffer.from(kind), cstring(name));
export const sync = (): Buffer => frame("S");
export const flush = (): Buffer => frame("H");
export const terminate = (): Buffer => frame("X");
export const copyData = (data: string | Buffer): Buffer => frame("d", Buffer.from(data as string));
export const copyDone = (): Buffer => frame("c");
export const copyFail = (reason: string): Buffer => frame("f", cstring(reason));
export const password = (text: string): Buffer => frame("p", cstring(text));

export function functionCall(
  oid: number,
  values: readonly Value[],
  formats: readonly number[] = [],
  result = 0,
): Buffer {
  return frame(
    "F",
    int32(oid),
    int16(formats.length, ...formats),
    int16(values.length),
    ...values.map(counted),
    int16(result),
  );
}

/** Start-up packet: no type byte. `version` 0x00030000 or 0x00030002. */
export function startup(parameters: Readonly<Record<string, string>>, version = 0x00030000): Buffer {
  const pairs = Object.entries(parameters).flatMap(([key, value]) => [cstring(key), cstring(value)]);
  const body = Buffer.concat([int32(version), ...pairs, Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

export const cancelRequest = (pid: number, secret: Buffer): Buffer =>
  Buffer.concat([int32(12 + secret.length, 80877102, pid), secret]);
export const sslRequest = (): Buffer => int32(8, 80877103);
export const gssencRequest = (): Buffer => int32(8, 80877104);
