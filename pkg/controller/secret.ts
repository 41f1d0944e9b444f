// Secrets that replicas share: filled by whichever comes first, with the version read as a precondition.
import { expectOk, type KubeApi, KubeError, messageOf } from "../kube/api.ts";
import { secretPath } from "./paths.ts";

export type SecretData = Readonly<Record<string, string>>;

const ATTEMPTS = 5;

/** `change` gives what must become of the data, null when it is good. @throws KubeError */
export async function ensureSecret(
  api: KubeApi,
  namespace: string,
  name: string,
  change: (now: SecretData) => SecretData | null | Promise<SecretData | null>,
): Promise<SecretData> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { status, body } = await api.call({ path: secretPath(namespace, name) });
    if (status !== 200 && status !== 404)
      throw new KubeError(`Secret ${namespace}/${name}: ${status} ${messageOf(body)}`, status);
    const now = status === 404 ? {} : decode(body.data ?? {});
    const wanted = await change(now);
    if (wanted === null) return now;
    const data = encode(wanted);
    const metadata = { name, namespace };
    const answer =
      status === 404
        ? await api.call({
            method: "POST",
            path: secretPath(namespace, "").slice(0, -1),
            body: { apiVersion: "v1", kind: "Secret", metadata, data },
          })
        : await api.call({ method: "PUT", path: secretPath(namespace, name), body: { ...body, data } });
    if (answer.status < 300) return wanted;
    if (answer.status !== 409)
      throw new KubeError(`Secret ${namespace}/${name}: ${answer.status} ${messageOf(answer.body)}`, answer.status);
  }
  throw new KubeError(`Secret ${namespace}/${name}: others keep changing it`);
}

/** @throws KubeError */
export async function readSecret(api: KubeApi, namespace: string, name: string): Promise<SecretData> {
  return decode((await expectOk(api, { path: secretPath(namespace, name) })).data ?? {});
}

function decode(data: Readonly<Record<string, string>>): SecretData {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]));
}

function encode(data: SecretData): SecretData {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
}
