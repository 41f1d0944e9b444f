// A certificate that another program of the release serves with, in a Secret of its own: the program needs no right to the CA's key.
import type { KubeApi } from "../kube/api.ts";
import { isLeafDue, issueLeaf, readLeaf, trustBundle } from "./authority.ts";
import { CA_SECRET } from "./paths.ts";
import { ensureSecret, readSecret, type SecretData } from "./secret.ts";

export interface ServedCertificate {
  readonly secret: string;
  /** DNS names, the first its common name. */
  readonly names: readonly string[];
}

/** Issues it where there is none, for its last third of life and after another CA signs. @throws KubeError, Error while there is no CA */
export async function keepServedCertificate(
  api: KubeApi,
  namespace: string,
  { secret, names }: ServedCertificate,
  nowMs: number,
): Promise<void> {
  const authority = await readSecret(api, namespace, CA_SECRET);
  await ensureSecret(api, namespace, secret, (now) => renewedLeaf(now, authority, names, nowMs));
}

/** What the Secret must become: null while it is good. Fields as in Secrets of the type kubernetes.io/tls. */
export async function renewedLeaf(
  now: SecretData,
  authority: SecretData,
  names: readonly string[],
  nowMs: number,
): Promise<SecretData | null> {
  const trust = trustBundle(authority);
  const leaf = readLeaf({ certificate: now["tls.crt"], key: now["tls.key"] }, authority, names);
  if (leaf !== null && !isLeafDue(leaf, authority, nowMs) && now["ca.crt"] === trust) return null;
  const fresh = await issueLeaf(authority, names, nowMs);
  return { "tls.crt": fresh.certificate, "tls.key": fresh.key, "ca.crt": trust };
}
