// The serving certificate from two files, as cert-manager and others write them, read anew when they change.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Logger } from "../runtime/logger.ts";
import type { Certificate } from "./https-server.ts";

/** Where the server's certificate comes from. */
export interface CertificateSource {
  current(): Certificate;
  /** Calls back with each later certificate, until `stop`. */
  follow(use: (certificate: Certificate) => void): void;
  stop(): void | Promise<void>;
}

export type OpenedCertificate =
  | { readonly ok: true; readonly source: CertificateSource & { reload(): void } }
  | { readonly ok: false; readonly problems: readonly string[] };

const EVERY_MS = 10_000;

export function certificateFromFiles(certificatePath: string, keyPath: string, logger: Logger): OpenedCertificate {
  const first = read(certificatePath, keyPath);
  if ("problems" in first) return { ok: false, problems: first.problems };
  let current = first;
  let use: (certificate: Certificate) => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  const reload = () => {
    const next = read(certificatePath, keyPath);
    if ("problems" in next) return logger.log("error", "certificate_bad", { problems: next.problems.join(" | ") });
    if (next.cert === current.cert && next.key === current.key) return;
    current = next;
    use(next);
    logger.log("info", "certificate_changed", { expires: new X509Certificate(next.cert).validTo });
  };
  return {
    ok: true,
    source: {
      current: () => current,
      reload,
      follow(next) {
        use = next;
        timer ??= setInterval(reload, EVERY_MS).unref();
      },
      stop: () => clearInterval(timer),
    },
  };
}

/** Both, and of the same pair: between the writes of the two they may not be. */
function read(certificatePath: string, keyPath: string): Certificate | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const text = (path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      problems.push(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
      return "";
    }
  };
  const [cert, key] = [text(certificatePath), text(keyPath)];
  if (problems.length > 0) return { problems };
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key };
    return { problems: [`${keyPath}: is not the key of the certificate in ${certificatePath}; name a pair`] };
  } catch {
    return { problems: [`${certificatePath}, ${keyPath}: are not a certificate and its key as PEM`] };
  }
}
