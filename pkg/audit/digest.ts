// A keyed digest stands in for text that may hold literals: equal texts can be matched by whoever holds the key, and nothing can be
// read or guessed without it. Destroying the key makes all of them meaningless.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

export const KEY_BYTES_MIN = 32;

export interface Digest {
  /** Names the key without telling it; the chain records it. */
  readonly keyId: string;
  /** HMAC-SHA-256 in hex. */
  readonly of: (text: string | Uint8Array) => string;
}

/** `key`: at least 32 bytes. */
export function keyedDigest(key: Uint8Array): Digest {
  if (key.length < KEY_BYTES_MIN)
    throw new RangeError(`a digest key needs ${KEY_BYTES_MIN} bytes, this one has ${key.length}`);
  const hmac = (domain: string, text: string | Uint8Array) =>
    createHmac("sha256", key).update(domain).update(text).digest("hex");
  return { keyId: hmac("weir key id\0", "").slice(0, 16), of: (text) => hmac("weir text\0", text) };
}

/** Reads a key file: its bytes are the key; a line break that follows at least 32 bytes is not part of it. */
export function loadDigestKey(file: string): Digest {
  const bytes = readKey(file);
  const end = bytes.length > KEY_BYTES_MIN && bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  if (end < KEY_BYTES_MIN) {
    throw new Error(
      `audit digest key ${file}: ${end} bytes, at least ${KEY_BYTES_MIN} are needed; make one with: head -c 32 /dev/urandom > ${file}`,
    );
  }
  return keyedDigest(bytes.subarray(0, end));
}

function readKey(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new Error(`audit digest key ${file} cannot be read (${code}); mount the Secret there or correct the path`, {
      cause,
    });
  }
}
