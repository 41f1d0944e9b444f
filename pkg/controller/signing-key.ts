// The key that bundles are signed with: made once by whichever replica comes first, kept in a Secret; its public half is published for
// the webhook and the admission policy. Whoever writes `rotate` into the Secret has it replaced; the old key vouches for the new one.
import { isLink, type KeyLink, LINKS_MAX, linkTo } from "../bundle/key-links.ts";
import { newSigningKeyPem, type PublicKey, publicKeys, type SigningKey, signingKey } from "../bundle/keys.ts";
import { type KubeApi, KubeError } from "../kube/api.ts";
import { applyObject } from "../kube/apply.ts";
import { configMapPath, KEY_SECRET, PUBLIC_CONFIG_MAP } from "./paths.ts";
import { ensureSecret, type SecretData } from "./secret.ts";

const FIELD = "key.pem";
const LINKS = "links.json";
const ROTATE = "rotate";

/** The key that signs now, and how sidecars that know an earlier one come to trust it. */
export interface Signer {
  readonly key: SigningKey;
  readonly links: readonly KeyLink[];
  /** This one and those that came before: what they have signed is ours. */
  readonly ours: readonly PublicKey[];
}

/** @throws KubeError, or Error when what the Secret holds is no such key. */
export async function loadSigner(api: KubeApi, namespace: string): Promise<Signer> {
  try {
    const data = await ensureSecret(api, namespace, KEY_SECRET, nextKey);
    const key = signingKey(data[FIELD] ?? "");
    const links = linksIn(data);
    const before = links.flatMap(({ by }) => {
      const keys = publicKeys(by);
      return typeof keys === "string" ? [] : keys;
    });
    return { key, links, ours: [key.public, ...before] };
  } catch (error) {
    if (error instanceof KubeError) throw error;
    throw new Error(
      `Secret ${namespace}/${KEY_SECRET}: ${FIELD} is not an Ed25519 key in PKCS #8 PEM; restore it, or delete the field and restart all governed pods`,
    );
  }
}

/** What the Secret must become; null when it is good. @throws when a key is to be replaced that is none. */
export function nextKey(now: SecretData): SecretData | null {
  const pem = now[FIELD];
  if (pem && now[ROTATE] === undefined) return null;
  const { [ROTATE]: _, ...kept } = now;
  const fresh = newSigningKeyPem();
  if (!pem) return { ...kept, [FIELD]: fresh };
  const links = [...linksIn(now), linkTo(signingKey(fresh).public, signingKey(pem))].slice(-LINKS_MAX);
  return { ...kept, [FIELD]: fresh, [LINKS]: JSON.stringify(links) };
}

function linksIn(data: SecretData): readonly KeyLink[] {
  try {
    const links: unknown = JSON.parse(data[LINKS] ?? "[]");
    return Array.isArray(links) ? links.filter(isLink) : [];
  } catch {
    return [];
  }
}

/**
 * ConfigMap weir-public: in `keys` this key first, then those that were there, so that a change of keys can overlap; in `ca.crt` what
 * people verify the collector with.
 */
export async function publishKeys(api: KubeApi, namespace: string, { key }: Signer, trust: string): Promise<void> {
  const path = configMapPath(namespace, PUBLIC_CONFIG_MAP);
  const { status, body } = await api.call({ path });
  const before: string = status === 200 ? (body.data?.keys ?? "") : "";
  const known = publicKeys(before);
  const others = typeof known === "string" ? [] : known.map(({ text }) => text);
  const keys = others.includes(key.public.text) ? others : [key.public.text, ...others].slice(0, KEYS_MAX);
  if (keys.join(",") === before && body.data?.["ca.crt"] === trust) return;
  await applyObject(api, path, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: PUBLIC_CONFIG_MAP, namespace },
    data: { keys: keys.join(","), "ca.crt": trust },
  });
}

const KEYS_MAX = 2;
