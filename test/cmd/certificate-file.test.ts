import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateFrom } from "../../cmd/sidecar/certificate-file.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";

let folder: string;
let files: { certificate: string; key: string; clientCa: string | null };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-certificate-"));
  files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key"), clientCa: null };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(certificate: string, key: string): void {
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key);
}

const [first, second] = [
  selfSignedCertificate(["first.example"]),
  selfSignedCertificate(["second.example", "127.0.0.1"]),
];
const nameOf = (der: Buffer) => new X509Certificate(der).subjectAltName;

test("a renewed certificate counts from the next look on", () => {
  let nowMs = 0;
  write(first.certificate, first.key);
  const current = certificateFrom(files, { nowMs: () => nowMs, problem() {} });
  write(second.certificate, second.key);
  nowMs = 999;
  expect(nameOf(current().der)).toBe("DNS:first.example");
  nowMs = 1000;
  expect(nameOf(current().der)).toBe("DNS:second.example, IP Address:127.0.0.1");
});

test("a renewal that is no pair leaves the last good one, is told once, and its mending counts", () => {
  let nowMs = 0;
  const problems: string[] = [];
  write(first.certificate, first.key);
  const current = certificateFrom(files, { nowMs: () => nowMs, problem: (problem) => problems.push(problem) });
  write(second.certificate, first.key);
  for (nowMs of [2000, 4000]) expect(nameOf(current().der)).toBe("DNS:first.example");
  expect(problems).toHaveLength(1);
  write(second.certificate, second.key);
  nowMs = 6000;
  expect(nameOf(current().der)).toContain("DNS:second.example");
});

test("what is no pair at the start is refused", () => {
  write(second.certificate, first.key);
  expect(() => certificateFrom(files, { nowMs: () => 0, problem() {} })).toThrow("does not belong to the certificate");
});

test("a CA for client certificates is renewed with them; a file that holds none is not taken", () => {
  let nowMs = 0;
  const problems: string[] = [];
  write(first.certificate, first.key);
  const clientCa = join(folder, "ca.crt");
  writeFileSync(clientCa, second.certificate);
  const current = certificateFrom(
    { ...files, clientCa },
    { nowMs: () => nowMs, problem: (problem) => problems.push(problem) },
  );
  const before = current();
  expect(before.asksClient).toBe(true);
  writeFileSync(clientCa, "no certificate");
  nowMs = 2000;
  expect(current()).toBe(before);
  expect(problems).toEqual([`${clientCa} holds no certificate in PEM`]);
  writeFileSync(clientCa, first.certificate);
  nowMs = 4000;
  expect(current()).not.toBe(before);
});
