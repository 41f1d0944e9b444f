// Subject alternative names against a pattern. URIs and DNS names only, each with its own kind of pattern.
import type { X509Certificate } from "node:crypto";
import type { SanPattern } from "./source.ts";

export interface SanMatch {
  readonly san: string;
  /** What stood for `{namespace}`; null when the pattern has none. */
  readonly namespace: string | null;
}

export function matchSan(certificate: X509Certificate, pattern: SanPattern): SanMatch | null {
  const kind = pattern.includes("://") ? "URI:" : "DNS:";
  const form = new RegExp(
    `^${pattern
      .split(/(\*|\{namespace\})/)
      .map(part)
      .join("")}$`,
  );
  for (const name of namesOf(certificate)) {
    if (!name.startsWith(kind)) continue;
    const san = name.slice(kind.length);
    const match = form.exec(san);
    if (match !== null) return { san, namespace: match[1] ?? null };
  }
  return null;
}

function part(text: string): string {
  if (text === "*") return ANYTHING;
  if (text === "{namespace}") return "([a-z0-9-]{1,63})";
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

const ANYTHING = "[^/]*";

/** Node writes a name that could be mistaken for another in quotes; such a one is never matched. */
function namesOf(certificate: X509Certificate): readonly string[] {
  return (certificate.subjectAltName ?? "").split(", ").filter((name) => !name.includes('"'));
}
