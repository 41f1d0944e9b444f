// The certificate shown to clients, taken up anew when its files change (cert-manager and kubelet replace them in place).
import { readFileSync, statSync } from "node:fs";
import { type ServingCertificate, servingCertificate } from "../../pkg/proxy/serving-certificate.ts";

/** Looks at most this often. */
const LOOK_EVERY_MS = 1000;

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Reads the files now, and throws when they are no pair; afterwards a bad renewal leaves the last good one in place and is
 * told to `problem`.
 */
export function certificateFrom(
  files: CertificateFiles,
  nowMs: () => number,
  problem: (what: string) => void,
): () => ServingCertificate {
  let state = stateOf(files);
  let current = read(files);
  let lookedAtMs = nowMs();
  return () => {
    if (nowMs() - lookedAtMs < LOOK_EVERY_MS) return current;
    lookedAtMs = nowMs();
    const now = stateOf(files);
    if (now === state) return current;
    try {
      current = read(files);
    } catch (error) {
      problem((error as Error).message);
    }
    state = now;
    return current;
  };
}

const read = (files: CertificateFiles) =>
  servingCertificate(readFileSync(files.certificate, "utf8"), readFileSync(files.key, "utf8"));

function stateOf(files: CertificateFiles): string {
  return [files.certificate, files.key]
    .map((file) => {
      const found = statSync(file, { bigint: true, throwIfNoEntry: false });
      return `${found?.ino}:${found?.size}:${found?.mtimeNs}`;
    })
    .join();
}
