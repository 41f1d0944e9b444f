// The key that bundles are signed with: made once by whichever replica comes first, kept in a Secret; its public half is published for
// the webhook and the admission policy.
import { newSigningKeyPem, publicKeys, type SigningKey, signingKey } from "../bundle/keys.ts";
import type { KubeApi } from "../kube/api.ts";
import { applyObject } from "../kube/apply.ts";
import { configMapPath, KEY_SECRET, PUBLIC_CONFIG_MAP } from "./paths.ts";
import { ensureSecret } from "./secret.ts";

const FIELD = "key.pem";

/** @throws KubeError, or Error when what the Secret holds is no such key. */
export async function loadSigningKey(api: KubeApi, namespace: string): Promise<SigningKey> {
  const data = await ensureSecret(api, namespace, KEY_SECRET, (now) =>
    now[FIELD] ? null : { ...now, [FIELD]: newSigningKeyPem() },
  );
  try {
    return signingKey(data[FIELD] ?? "");
  } catch {
    throw new Error(
      `Secret ${namespace}/${KEY_SECRET}: ${FIELD} is not an Ed25519 key in PKCS #8 PEM; restore it, or delete the field and restart all governed pods`,
    );
  }
}

/** ConfigMap weir-public, field `keys`: this key first, then those that were there, so that a change of keys can overlap. */
export async function publishKeys(api: KubeApi, namespace: string, key: SigningKey): Promise<void> {
  const path = configMapPath(namespace, PUBLIC_CONFIG_MAP);
  const { status, body } = await api.call({ path });
  const before: string = status === 200 ? (body.data?.keys ?? "") : "";
  const known = publicKeys(before);
  const others = typeof known === "string" ? [] : known.map(({ text }) => text);
  const keys = others.includes(key.public.text) ? others : [key.public.text, ...others].slice(0, KEYS_MAX);
  if (keys.join(",") === before) return;
  await applyObject(api, path, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: PUBLIC_CONFIG_MAP, namespace },
    data: { keys: keys.join(",") },
  });
}

const KEYS_MAX = 2;
