// Keys of masking: one master key (a file that only the sidecar has), from which every key is derived by name and purpose.
import { hkdfSync } from "node:crypto";
import { TokenCache } from "./token-cache.ts";

/** A version of the master key. Tokens of different versions differ, so a rotation ends all joins with older results. */
export interface MasterKey {
  /** Positive integer; the highest is the one that masks, older ones only decrypt and recognise. */
  readonly version: number;
  readonly bytes: Buffer;
}

export const MASTER_KEY_BYTES_MIN = 32;
const DERIVED_KEYS_MAX = 4096;
const DERIVED_BYTES = 32;

/** What a derived key is used for: keys of different purposes are independent. */
export type KeyPurpose = "token" | "encrypt" | "fake" | "shift" | "check";

/** A master key that cannot be used. `message` never holds key bytes. */
export class MaskKeyError extends Error {
  readonly code = "MASK_KEY";
}

export class MaskKeys {
  readonly version: number;
  /** Recent tokens, shared by all sessions. */
  readonly tokens = new TokenCache();
  readonly #masters: ReadonlyMap<number, Buffer>;
  #derived = new Map<string, Buffer>();
  #older = new Map<string, Buffer>();

  /** Throws MaskKeyError when there is no key, a version appears twice or is not a positive integer, or a key is short. */
  constructor(masters: readonly MasterKey[]) {
    if (masters.length === 0) throw new MaskKeyError("no mask key: give at least one of 32 bytes or more");
    const map = new Map<number, Buffer>();
    for (const { version, bytes } of masters) {
      if (!Number.isSafeInteger(version) || version < 1)
        throw new MaskKeyError("a mask key's version is a whole number from 1 on");
      if (map.has(version)) throw new MaskKeyError(`mask key version ${version} appears twice`);
      if (bytes.length < MASTER_KEY_BYTES_MIN) {
        throw new MaskKeyError(
          `mask key version ${version} has ${bytes.length} bytes, it needs at least ${MASTER_KEY_BYTES_MIN}: make one with "openssl rand -base64 48"`,
        );
      }
      map.set(version, bytes);
    }
    this.#masters = map;
    this.version = Math.max(...map.keys());
  }

  /** Versions held, newest first. */
  get versions(): readonly number[] {
    return [...this.#masters.keys()].sort((a, b) => b - a);
  }

  /** HKDF-SHA256 (RFC 5869) of a master key; 32 bytes. Cached, bounded by two generations. */
  deriveKey(keyName: string, purpose: KeyPurpose, version: number = this.version): Buffer {
    const id = `${version}\0${purpose}\0${keyName}`;
    const known = this.#derived.get(id) ?? this.#older.get(id);
    if (known !== undefined) return known;
    const master = this.#masters.get(version);
    if (master === undefined) throw new MaskKeyError(`mask key version ${version} is not held`);
    const key = Buffer.from(hkdfSync("sha256", master, "weir mask v1", id, DERIVED_BYTES));
    if (this.#derived.size >= DERIVED_KEYS_MAX / 2) {
      this.#older = this.#derived;
      this.#derived = new Map();
    }
    this.#derived.set(id, key);
    return key;
  }
}

/**
 * Reads the content of a key file: lines of `version:base64`, or one key as it is (surrounding blanks ignored).
 * Throws MaskKeyError.
 */
export function parseMaskKeys(content: Buffer): MaskKeys {
  const lines = content
    .toString("latin1")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const versioned = lines.map((line) => /^([0-9]{1,9}):([A-Za-z0-9+/]+={0,2})$/.exec(line));
  if (lines.length > 0 && versioned.every((match) => match !== null)) {
    return new MaskKeys(
      versioned.map((match) => ({ version: Number(match[1]), bytes: Buffer.from(match[2]!, "base64") })),
    );
  }
  return new MaskKeys([{ version: 1, bytes: Buffer.from(content.toString("latin1").trim(), "latin1") }]);
}
