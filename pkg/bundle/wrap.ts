// A bundle as it travels and rests: its exact bytes, who signed them, the signature. Nothing of a payload is read before its
// signature is good.
import { sign, verify } from "node:crypto";
import { type Bundle, parsePayload, payloadOf, versionOf } from "./bundle.ts";
import { type KeyLink, trusted } from "./key-links.ts";
import type { PublicKey, SigningKey } from "./keys.ts";

/** A ConfigMap takes 1 MiB; what is longer cannot have come from the operator. */
export const WRAPPED_BYTES_MAX = 1_048_576;

export interface Accepts {
  readonly keys: readonly PublicKey[];
  readonly namespace: string;
  /** Generation of the last accepted bundle; an older one is refused. */
  readonly generationMin: number;
}

export type Unwrapped =
  | { readonly good: true; readonly bundle: Bundle; readonly version: string; readonly text: string }
  | { readonly good: false; readonly why: string };

/** `links`: from keys that came before to this one. */
export function wrap(bundle: Bundle, { key, public: { id } }: SigningKey, links: readonly KeyLink[] = []): string {
  const payload = payloadOf(bundle);
  const signature = sign(null, payload, key);
  return JSON.stringify({
    payload: payload.toString("base64"),
    keyId: id,
    signature: signature.toString("base64"),
    ...(links.length > 0 && { links }),
  });
}

export function unwrap(text: string, { keys, namespace, generationMin }: Accepts): Unwrapped {
  const payload = signedPayload(text, keys);
  if (typeof payload === "string") return refused(payload);
  const bundle = parsePayload(payload);
  if (typeof bundle === "string") return refused(bundle);
  if (bundle.namespace !== namespace)
    return refused(`it is for namespace ${bundle.namespace.slice(0, 63)}, not ${namespace}`);
  if (bundle.generation < generationMin)
    return refused(`it is older (generation ${bundle.generation}) than the one accepted last (${generationMin})`);
  return { good: true, bundle, version: versionOf(bundle), text };
}

/** The signed bytes; a text says what is wrong. */
function signedPayload(text: string, keys: readonly PublicKey[]): Buffer | string {
  if (text.length > WRAPPED_BYTES_MAX) return `it is longer than ${WRAPPED_BYTES_MAX} bytes`;
  let wrapped: Partial<Record<"payload" | "keyId" | "signature" | "links", unknown>> | null;
  try {
    wrapped = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  const { payload, keyId, signature, links } = wrapped ?? {};
  if (typeof payload !== "string" || typeof keyId !== "string" || typeof signature !== "string")
    return "payload, keyId or signature is missing";
  const signer = keys.find(({ id }) => id === keyId) ?? trusted(keys, links).find(({ id }) => id === keyId);
  if (signer === undefined)
    return "it is signed with a key that this sidecar does not know; restart the pod after a change of the operator's key";
  const bytes = Buffer.from(payload, "base64");
  return verify(null, bytes, signer.key, Buffer.from(signature, "base64")) ? bytes : "its signature is not good";
}

function refused(why: string): Unwrapped {
  return { good: false, why: `the bundle is refused: ${why}` };
}
