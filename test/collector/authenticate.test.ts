import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authenticator, type OpenSource } from "../../pkg/collector/authenticate.ts";
import { matchSan } from "../../pkg/collector/san-pattern.ts";
import { podIsGone, reviewedSender } from "../../pkg/collector/token-review.ts";
import type { KubeApi, KubeCall } from "../../pkg/kube/api.ts";
import { makeCertificate } from "../../pkg/localdb/certificate.ts";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { chainsOf, cleanUp, newSite, READER, startOn } from "./fixtures.ts";

afterEach(cleanUp);

const CHAIN = "0123456789abcdef0123456789abcdef";
const other = makeCertificate("other ca", ["other"], {});

/** A way to an API server that answers as it is told. */
function apiOf(
  answer: (call: KubeCall) => { status: number; body: unknown },
): KubeApi & { readonly calls: KubeCall[] } {
  const calls: KubeCall[] = [];
  return {
    calls,
    async call(call) {
      calls.push(call);
      return { ...answer(call), retryAfterMs: null };
    },
    stream: () => Promise.reject(new Error("no streams here")),
    close() {},
  };
}

const good = {
  authenticated: true,
  audiences: ["a"],
  user: {
    username: "system:serviceaccount:shop:orders",
    extra: {
      "authentication.kubernetes.io/pod-name": ["orders-0"],
      "authentication.kubernetes.io/pod-uid": ["u1"],
    },
  },
};

test("a token counts when the API server says so, for our audience and an account", async () => {
  const verdict = async (status: unknown, code = 201) =>
    await reviewedSender(
      apiOf(() => ({ status: code, body: { status } })),
      "t",
      "a",
    );
  const who = { namespace: "shop", account: "shop/orders", name: "orders-0", uid: "u1" };
  expect(await verdict(good)).toEqual({ ok: true, who });
  expect(await verdict({ ...good, user: { username: "system:serviceaccount:shop:orders" } })).toEqual({
    ok: true,
    who: { ...who, name: "shop/orders", uid: null },
  });
  expect(await verdict({ authenticated: false })).toMatchObject({ ok: false, status: 401 });
  expect(await verdict({ ...good, audiences: undefined })).toMatchObject({ ok: false, status: 401 });
  expect(await verdict({ ...good, user: { username: "kubernetes-admin" } })).toMatchObject({ ok: false, status: 403 });
  expect(await verdict({}, 500)).toMatchObject({ ok: false, status: 503 });
  const gone = (status: number, uid: string) =>
    podIsGone(
      apiOf(() => ({ status, body: { metadata: { uid } } })),
      "shop",
      "orders-0",
      "u1",
    );
  expect([await gone(404, ""), await gone(200, "u1"), await gone(200, "u2"), await gone(500, "")]).toEqual([
    true,
    false,
    true,
    null,
  ]);
});

test("answers are kept, not knowing is not, and one source that is away does not refuse what another knows", async () => {
  let nowMs = 0;
  let answer: { status: number; body: unknown } = { status: 500, body: {} };
  const away = apiOf(() => answer);
  const here = apiOf(({ body }) => ({
    status: 201,
    body: { status: (body as { spec: { token: string } }).spec.token === "mine" ? good : { authenticated: false } },
  }));
  const source = (name: string, api: KubeApi): OpenSource => ({
    ...{ name, cluster: name, environment: "", namespace: null },
    by: { kind: "token-review", audience: "a", kubeconfig: null },
    opened: { kind: "token-review", api, audience: "a" },
  });
  const authenticator = new Authenticator({
    sources: [source("away", away), source("here", here)],
    readers: [],
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
  });
  const ask = (token: string) => authenticator.sender({ authorization: `Bearer ${token}`, chain: null });
  expect(await ask("mine")).toMatchObject({ ok: true, who: { source: "here", cluster: "here", namespace: "shop" } });
  await ask("mine");
  expect(here.calls).toHaveLength(1);
  expect(await ask("theirs")).toMatchObject({ ok: false, status: 503 });
  answer = { status: 201, body: { status: { authenticated: false } } };
  expect(await ask("theirs")).toMatchObject({ ok: false, status: 401 });
  const asked = here.calls.length;
  await ask("theirs");
  expect(here.calls).toHaveLength(asked);
  nowMs += 5_001;
  await ask("theirs");
  expect(here.calls).toHaveLength(asked + 1);
  nowMs += 60_000;
  await ask("mine");
  expect(here.calls).toHaveLength(asked + 2);
  for (const authorization of ["mine", "Basic mine", "Bearer a b", `Bearer ${"x".repeat(20_000)}`])
    expect(await authenticator.sender({ authorization, chain: null })).toMatchObject({ ok: false, status: 401 });
});

test("tokens of another audience, issuer or key, or none at all, get nothing in", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const stranger = await newSite();
  const body = new ChainMaker(CHAIN).registration();
  const tokens = [
    await site.token({ audience: "other" }),
    await site.token({ issuer: "https://other" }),
    await stranger.token(),
    (await site.token()).slice(0, -3),
    READER,
    null,
  ];
  for (const token of tokens)
    for (const path of ["/v1/chains", "/v1/logs", "/v1/heartbeats", "/v1/traces"])
      expect([path, (await collector.ask("POST", path, { token, body })).status]).toEqual([path, 401]);
  const said = collector.lines.join("\n");
  for (const token of tokens) if (token !== null) expect(said).not.toContain(token.slice(0, 20));
});

test("keys of a source change with their file", async () => {
  const site = await newSite();
  let nowMs = Date.now();
  const clock = { nowMs: () => nowMs, monotonicNs: () => BigInt(nowMs) * 1_000_000n };
  const collector = await startOn(site, { clock });
  const next = await newSite();
  const ask = async (token: string) => (await collector.ask("POST", "/v1/chains", { token, body: {} })).status;
  expect(await ask(await next.token())).toBe(401);
  writeFileSync(join(site.folder, "jwks.json"), readFileSync(join(next.folder, "jwks.json")));
  nowMs += 11_000;
  expect(await ask(await next.token({ pod: "orders-1" }))).toBe(400);
});

test("a gateway comes with a certificate of its CA, and speaks for the namespace in it", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const chain = new ChainMaker(CHAIN, { namespace: "gateways" }).statements(2);
  const certificate = (names: string[], issuer = site.ca) => {
    const made = makeCertificate("gw", names, { issuer, usage: "clientAuth" });
    return { cert: made.certificate, key: made.key };
  };
  const tls = certificate(["spiffe://weir/ns/gateways/gateway/paris-1"]);
  const registered = await collector.ask("POST", "/v1/chains", { token: null, tls, body: chain.registration() });
  expect(registered.status).toBe(200);
  expect(
    (await collector.ask("POST", "/v1/logs", { token: null, tls, body: otlpJson([chain.seal()]).toString() })).json,
  ).toEqual({});
  const chains = await chainsOf(collector);
  expect(chains[0].sender).toEqual({
    source: "paris",
    name: "spiffe://weir/ns/gateways/gateway/paris-1",
    account: "spiffe://weir/ns/gateways/gateway/paris-1",
  });
  const refusedOnes = [
    certificate(["spiffe://weir/ns/bank/gateway/paris-1"]),
    certificate(["spiffe://weir/ns/gateways/gateway/paris-1/more"]),
    certificate(["gateways.example.com"]),
    certificate(["spiffe://weir/ns/gateways/gateway/paris-1"], other),
  ];
  const statuses: number[] = [];
  for (const each of refusedOnes)
    statuses.push(
      (await collector.ask("POST", "/v1/chains", { token: null, tls: each, body: chain.registration() })).status,
    );
  expect(statuses).toEqual([403, 401, 401, 401]);
});

test("a source that is held to one namespace does not make others of its cluster into it", async () => {
  const site = await newSite();
  const held = (namespace: string) =>
    `- {name: held, cluster: eu-1, environment: production, namespace: ${namespace}, `;
  const proof = readFileSync(String(site.config.sources), "utf8")
    .match(/jwks: \{.*?\}/)![0]
    .replace("default.svc", "held.svc");
  const own = await newSite({}, `${held("shop")}${proof}}`);
  const collector = await startOn(own);
  const register = async (namespace: string) => {
    const token = await site.token({ namespace, issuer: "https://kubernetes.held.svc" });
    return await collector.ask("POST", "/v1/chains", { token, body: new ChainMaker(CHAIN).registration() });
  };
  const refused = await register("bank");
  expect([refused.status, refused.json.error]).toEqual([403, expect.stringContaining("no namespace of bank/orders")]);
  expect((await register("shop")).status).toBe(200);
});

test("a pattern fits whole names of its own kind only", () => {
  const names = ["spiffe://weir/ns/shop/gateway/a", "gw.shop.example.com"];
  const certificate = new X509Certificate(makeCertificate("gw", names, {}).certificate);
  const of = (pattern: string) => matchSan(certificate, pattern)?.namespace;
  expect(of("spiffe://weir/ns/{namespace}/gateway/*")).toBe("shop");
  expect(of("spiffe://weir/ns/shop/gateway/a")).toBeNull();
  expect(of("spiffe://weir/ns/{namespace}/*")).toBeUndefined();
  expect(of("spiffe://weir/ns/{namespace}/gateway")).toBeUndefined();
  expect(of("spiffe://*")).toBeUndefined();
  expect(of("gw.{namespace}.example.com")).toBe("shop");
  expect(of("gw.shop.exampleXcom")).toBeUndefined();
});

test("readers are known by token or account, and only with their rights", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const status = async (token: string | null, method = "GET", path = "/v1/chains") =>
    (await collector.ask(method, path, { token })).status;
  expect(await status(READER)).toBe(200);
  expect(await status(await site.token({ namespace: "monitoring", account: "watcher" }))).toBe(200);
  expect(await status(await site.token())).toBe(401);
  expect(await status("other")).toBe(401);
  expect(await status(null)).toBe(401);
  expect(await status(READER, "DELETE", "/v1/legal-holds/x")).toBe(403);
  for (const path of ["/v1/alarms", "/v1/tail", "/v1/proof", "/v1/traces/1", "/v1/legal-holds"])
    expect(await status(null, "GET", path)).toBe(401);
  expect(await status(null, "POST", "/v1/evidence")).toBe(401);
});
