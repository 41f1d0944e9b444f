// Keys, and the primitives under them, against node:crypto and the published vectors.
import { createCipheriv, createHmac, hkdfSync } from "node:crypto";
import fc from "fast-check";
import { Aes256 } from "../../pkg/mask/aes256.ts";
import { BitPermutation, Ff1 } from "../../pkg/mask/ff1.ts";
import { MaskKeyError, MaskKeys, parseMaskKeys } from "../../pkg/mask/keys.ts";
import { MaskedValues } from "../../pkg/mask/recognise.ts";
import { Hmac } from "../../pkg/mask/sha256.ts";
import { OID } from "../../pkg/mask/type-oids.ts";
import { maskText } from "./cells.ts";
import { KEYS, masked } from "./masks.ts";

const key = (fill: string) => Buffer.alloc(32, fill);

test("our HMAC-SHA256 is node's, for every length around its blocks", () => {
  for (let length = 0; length < 700; length++) {
    const value = Buffer.alloc(length, length + 1);
    const expected = createHmac("sha256", key("h")).update(value).digest();
    expect(new Hmac(key("h")).compute(value, 0, length).equals(expected)).toBe(true);
  }
});

test("our AES-256 is node's", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (secret, plain) => {
        const cipher = createCipheriv("aes-256-ecb", secret, null).setAutoPadding(false);
        const words = Uint32Array.from({ length: 4 }, (_, i) => Buffer.from(plain).readUInt32BE(4 * i));
        new Aes256(Buffer.from(secret)).encrypt(words);
        const own = Buffer.alloc(16);
        for (const [i, word] of words.entries()) own.writeUInt32BE(word, 4 * i);
        expect(own.equals(cipher.update(plain))).toBe(true);
      },
    ),
  );
});

// NIST, "FF1 samples" (SP 800-38G), sample 7: AES-256, empty tweak.
test("our FF1 gives the published sample", () => {
  const secret = Buffer.from("2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94", "hex");
  expect(new Ff1(secret, 10).encrypt(123456789n, 10)).toBe(6657667009n);
  expect(new Ff1(secret, 10).decrypt(6657667009n, 10)).toBe(123456789n);
});

test("FF1 has an inverse in every radix and length, and its form for bits is the general one", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2, 10, 16, 62, 256, 65536),
      fc.integer({ min: 2, max: 90 }),
      fc.bigInt(0n, 1n << 1500n),
      (radix, count, seed) => {
        const ff1 = new Ff1(key("f"), radix);
        const value = seed % BigInt(radix) ** BigInt(count);
        expect(ff1.decrypt(ff1.encrypt(value, count), count)).toBe(value);
      },
    ),
  );
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 63 }), fc.bigInt(0n, (1n << 63n) - 1n), (bits, seed) => {
      const value = seed & ((1n << BigInt(bits)) - 1n);
      const permutation = new BitPermutation(key("b"), bits);
      expect(permutation.encrypt(value)).toBe(new Ff1(key("b"), 2).encrypt(value, bits));
      expect(permutation.decrypt(permutation.encrypt(value))).toBe(value);
    }),
  );
});

test("a derived key is HKDF of the master key, by version, purpose and name", () => {
  const expected = Buffer.from(hkdfSync("sha256", key("m"), "weir mask v1", "3\0token\0PII.EMAIL", 32));
  const keys = new MaskKeys([{ version: 3, bytes: key("m") }]);
  expect(keys.deriveKey("PII.EMAIL", "token")).toEqual(expected);
  expect(keys.deriveKey("PII.EMAIL", "token")).toBe(keys.deriveKey("PII.EMAIL", "token"));
  const all = [keys.deriveKey("PII.EMAIL", "encrypt"), keys.deriveKey("PII.PHONE", "token"), expected];
  expect(new Set(all.map((one) => one.toString("hex"))).size).toBe(3);
});

test("derived keys are kept within a bound and stay right beyond it", () => {
  const keys = new MaskKeys([{ version: 1, bytes: key("m") }]);
  const first = Buffer.from(keys.deriveKey("column 0", "token"));
  for (let i = 0; i < 10_000; i++) keys.deriveKey(`column ${i}`, "token");
  expect(keys.deriveKey("column 0", "token")).toEqual(first);
});

test("the newest version masks, older ones are held", () => {
  const keys = new MaskKeys([
    { version: 1, bytes: key("a") },
    { version: 7, bytes: key("b") },
  ]);
  expect(keys.version).toBe(7);
  expect(keys.versions).toEqual([7, 1]);
  expect(keys.deriveKey("x", "token", 1)).toEqual(
    new MaskKeys([{ version: 1, bytes: key("a") }]).deriveKey("x", "token"),
  );
  expect(() => keys.deriveKey("x", "token", 2)).toThrow(MaskKeyError);
});

test.each([
  ["none", [], /no mask key/],
  ["a short one", [{ version: 1, bytes: Buffer.alloc(31) }], /has 31 bytes, it needs at least 32/],
  [
    "a version twice",
    [
      { version: 1, bytes: key("a") },
      { version: 1, bytes: key("b") },
    ],
    /version 1 appears twice/,
  ],
  ["version 0", [{ version: 0, bytes: key("a") }], /whole number from 1/],
])("%s is refused with a reason", (_name, masters, reason) => {
  expect(() => new MaskKeys(masters)).toThrow(reason);
});

test("a key file holds one key, or lines of version:base64", () => {
  const lines = `1:${key("a").toString("base64")}\n\n2:${key("b").toString("base64")}\n`;
  expect(parseMaskKeys(Buffer.from(lines)).versions).toEqual([2, 1]);
  expect(parseMaskKeys(Buffer.from(lines)).deriveKey("x", "token")).toEqual(
    new MaskKeys([{ version: 2, bytes: key("b") }]).deriveKey("x", "token"),
  );
  const single = parseMaskKeys(Buffer.from(`  ${"s".repeat(40)}\n`));
  expect(single.version).toBe(1);
  expect(() => parseMaskKeys(Buffer.from("short\n"))).toThrow(MaskKeyError);
  expect(() => parseMaskKeys(Buffer.from("short\n"))).not.toThrow(/short\n/);
});

test("masked values are recognised when they come back, others are not", () => {
  const values = new MaskedValues(KEYS);
  const token = maskText(masked("Token"), OID.text, "ana")!;
  const email = maskText(masked("Token", { as: "Email" }), OID.text, "ana")!;
  for (const value of [token, email, "***", "[redacted]"]) expect(values.has(Buffer.from(value))).toBe(true);
  for (const value of [
    "",
    "ana",
    "tok_",
    token.slice(0, -1),
    `${token}x`,
    `${token.slice(0, -1)}${token.endsWith("a") ? "b" : "a"}`,
    "x@masked.invalid",
  ]) {
    expect(values.has(Buffer.from(value))).toBe(false);
  }
  const other = new MaskedValues(new MaskKeys([{ version: 1, bytes: key("z") }]));
  expect(other.has(Buffer.from(token))).toBe(false);
});
