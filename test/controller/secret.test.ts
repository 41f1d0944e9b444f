import { renewedAuthority, trustBundle } from "../../pkg/controller/authority.ts";
import { ensureSecret, readSecret } from "../../pkg/controller/secret.ts";
import { loadSigner } from "../../pkg/controller/signing-key.ts";
import type { KubeAnswer, KubeApi, KubeCall } from "../../pkg/kube/api.ts";

/** A fake of one namespace's Secrets with the API server's preconditions. */
function fakeSecrets(
  stored: Record<string, { metadata: { name: string; resourceVersion: string }; data?: object }> = {},
) {
  let version = 1;
  const writes: string[] = [];
  const answer = (status: number, body: unknown = {}): KubeAnswer => ({ status, body, retryAfterMs: null });
  const api: KubeApi = {
    async call({ method = "GET", path, body }: KubeCall) {
      await new Promise(setImmediate);
      const given = body as (typeof stored)[string];
      const name = method === "POST" ? given.metadata.name : path.slice(path.lastIndexOf("/") + 1);
      if (method === "GET")
        return stored[name] === undefined ? answer(404) : answer(200, structuredClone(stored[name]));
      const before = stored[name]?.metadata.resourceVersion;
      if (method === "POST" ? before !== undefined : given.metadata.resourceVersion !== before) return answer(409);
      writes.push(`${method} ${name}`);
      stored[name] = { ...given, metadata: { name, resourceVersion: String(++version) } };
      return answer(200, stored[name]);
    },
    stream: () => Promise.reject(new Error("not here")),
    close() {},
  };
  return { api, writes };
}

const empty = { "weir-ca": { metadata: { name: "weir-ca", resourceVersion: "1" } } };

test.each([
  ["absent", {}, "POST weir-ca"],
  ["empty, as the chart makes it", structuredClone(empty), "PUT weir-ca"],
])("of replicas that start together one fills the Secret and all use it: %s", async (_, stored, write) => {
  const { api, writes } = fakeSecrets(stored as typeof empty);
  const load = () => ensureSecret(api, "weir-system", "weir-ca", (now) => renewedAuthority(now, Date.now()));
  const all = await Promise.all([load(), load(), load()]);
  expect(writes).toEqual([write]);
  expect(new Set(all.map(trustBundle)).size).toBe(1);
  expect(trustBundle(await readSecret(api, "weir-system", "weir-ca"))).toBe(trustBundle(all[0]!));
});

test("the signing key is made once, and a broken one is never replaced in silence", async () => {
  const { api, writes } = fakeSecrets();
  const [{ key: one }, { key: two }] = [await loadSigner(api, "weir-system"), await loadSigner(api, "weir-system")];
  expect(one.public.text).toBe(two.public.text);
  expect(writes).toEqual(["POST weir-bundle-key"]);
  const data = { "key.pem": Buffer.from("nonsense").toString("base64") };
  const broken = fakeSecrets({
    "weir-bundle-key": { metadata: { name: "weir-bundle-key", resourceVersion: "1" }, data },
  });
  await expect(loadSigner(broken.api, "weir-system")).rejects.toThrow(/key.pem is not an Ed25519 key/);
  expect(broken.writes).toEqual([]);
});
