// How trust passes from one signing key to the next: the old key signs the new one. The links travel with each bundle, so that a sidecar
// which was given the old key at its admission takes bundles of the new one without a restart, whenever it sees the first.
import { sign, verify } from "node:crypto";
import { type PublicKey, publicKeys, type SigningKey } from "./keys.ts";

/** `signature`: by the key `by` over `next`, a public key as text; both base64. */
export interface KeyLink {
  readonly by: string;
  readonly next: string;
  readonly signature: string;
}

export const LINKS_MAX = 16;

export function linkTo(next: PublicKey, by: SigningKey): KeyLink {
  return { by: by.public.text, next: next.text, signature: sign(null, message(next.text), by.key).toString("base64") };
}

/** `keys`, and those that they vouch for, one after the other. What is no link, or of a stranger, is passed over. */
export function trusted(keys: readonly PublicKey[], links: unknown): readonly PublicKey[] {
  if (!Array.isArray(links)) return keys;
  const all = [...keys];
  for (const link of links.slice(0, LINKS_MAX)) {
    if (!isLink(link)) continue;
    const by = all.find(({ text }) => text === link.by);
    const next = publicKeys(link.next);
    if (by === undefined || typeof next === "string" || next.length !== 1) continue;
    if (verify(null, message(link.next), by.key, Buffer.from(link.signature, "base64"))) all.push(next[0]!);
  }
  return all;
}

export function isLink(value: unknown): value is KeyLink {
  const link = (value ?? {}) as Partial<Record<keyof KeyLink, unknown>>;
  return [link.by, link.next, link.signature].every((text) => typeof text === "string" && text.length <= 200);
}

/** A bundle's payload begins with `{`: neither signature stands for the other. */
function message(next: string): Buffer {
  return Buffer.from(`weir.dev/bundle-key/v1\n${next}`, "utf8");
}
