// uuid and bytea in text and binary, as the bytes they stand for.
import type { Codec, Format } from "./cell.ts";
import { uuidText } from "./token.ts";

const UUID_BYTES = 16;
const UUID_TEXT_BYTES = 36;

export function uuidCodec(format: Format): Codec<Buffer> {
  return format === 0 ? textUuid : binaryUuid;
}

const textUuid: Codec<Buffer> = {
  read(source, start, end) {
    if (end - start !== UUID_TEXT_BYTES) return undefined;
    const bytes = Buffer.from(source.toString("latin1", start, end).replaceAll("-", ""), "hex");
    return bytes.length === UUID_BYTES ? bytes : undefined;
  },
  write: (value, sink) => sink.writeAscii(uuidText(value)),
};

const binaryUuid: Codec<Buffer> = {
  read: (source, start, end) => (end - start === UUID_BYTES ? source.subarray(start, end) : undefined),
  write: (value, sink) => sink.write(value, 0, UUID_BYTES),
};

/** Text is read in both forms of `bytea_output` and written as hex, which every client reads. */
export function byteaCodec(format: Format): Codec<Buffer> {
  return format === 0 ? textBytea : binaryBytea;
}

const BACKSLASH = 0x5c;
const HEX_MARK = 0x78;

const textBytea: Codec<Buffer> = {
  read(source, start, end) {
    if (source[start] === BACKSLASH && source[start + 1] === HEX_MARK) {
      return Buffer.from(source.toString("latin1", start + 2, end), "hex");
    }
    return unescapedBytea(source, start, end);
  },
  write: (value, sink) => sink.writeAscii(`\\x${value.toString("hex")}`),
};

/** `escape` output: a backslash doubled, or before three octal digits. */
function unescapedBytea(source: Buffer, start: number, end: number): Buffer {
  const out = Buffer.alloc(end - start);
  let count = 0;
  for (let i = start; i < end; i++) {
    let byte = source[i]!;
    if (byte === BACKSLASH && source[i + 1] === BACKSLASH) i++;
    else if (byte === BACKSLASH && i + 3 < end) {
      byte = Number.parseInt(source.toString("latin1", i + 1, i + 4), 8);
      i += 3;
    }
    out[count++] = byte;
  }
  return out.subarray(0, count);
}

const binaryBytea: Codec<Buffer> = {
  read: (source, start, end) => source.subarray(start, end),
  write: (value, sink) => sink.write(value, 0, value.length),
};
