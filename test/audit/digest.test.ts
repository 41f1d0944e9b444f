import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyedDigest, loadDigestKey } from "../../pkg/audit/digest.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-key-"));

function keyFile(name: string, content: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

test("equal texts under one key have one digest, under another key another", () => {
  const one = keyedDigest(Buffer.alloc(32, 1));
  const other = keyedDigest(Buffer.alloc(32, 2));
  expect(one.of("SELECT 'secret'")).toMatch(/^[0-9a-f]{64}$/);
  expect(one.of("SELECT 'secret'")).toBe(one.of(Buffer.from("SELECT 'secret'")));
  expect(one.of("SELECT 'secret'")).not.toBe(other.of("SELECT 'secret'"));
  expect(one.keyId).not.toBe(other.keyId);
});

test("a line break after the key does not belong to it, one inside 32 bytes does", () => {
  const text = "0123456789abcdef0123456789abcdef";
  expect(loadDigestKey(keyFile("with", `${text}\n`)).keyId).toBe(loadDigestKey(keyFile("without", text)).keyId);
  expect(loadDigestKey(keyFile("binary", Buffer.alloc(32, 0x0a))).keyId).toBe(
    keyedDigest(Buffer.alloc(32, 0x0a)).keyId,
  );
});

test("a key that is short or absent is refused with the file and the remedy, never with its content", () => {
  expect(() => loadDigestKey(keyFile("short", "hunter2"))).toThrow(
    /short: 7 bytes, at least 32 are needed; make one with/,
  );
  expect(() => loadDigestKey(join(folder, "absent"))).toThrow(/absent cannot be read \(ENOENT\); mount the Secret/);
});
