import Fastify from "fastify";
import type { Bundle } from "../../pkg/bundle/bundle.ts";
import { newSigningKeyPem, signingKey } from "../../pkg/bundle/keys.ts";
import { wrap } from "../../pkg/bundle/wrap.ts";
import { appliedBook } from "../../pkg/controller/applied-book.ts";
import { bundleRoutes } from "../../pkg/controller/bundle-routes.ts";
import { podTokens } from "../../pkg/controller/pod-tokens.ts";
import { servedBundles } from "../../pkg/controller/served-bundles.ts";
import type { KubeAnswer, KubeApi, KubeCall } from "../../pkg/kube/api.ts";

const AUDIENCE = "weir.dev/weir-system";
const key = signingKey(newSigningKeyPem());
const at = (generation: number, cluster = "west"): Bundle => ({
  format: "weir.dev/bundle/v1",
  cluster,
  namespace: "shop",
  generation,
  resources: [],
  namespaceLabels: {},
});
const text = (generation: number, cluster?: string) => wrap(at(generation, cluster), key);

const jwt = (claims: object, signature = "c2ln") =>
  [{ alg: "RS256" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".") +
  `.${signature}`;
const claims = {
  aud: [AUDIENCE],
  exp: 3600,
  "kubernetes.io": { namespace: "shop", pod: { name: "api", uid: "uid-1" } },
};
const token = jwt(claims);
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

const user = {
  username: "system:serviceaccount:shop:default",
  extra: {
    "authentication.kubernetes.io/pod-name": ["api"],
    "authentication.kubernetes.io/pod-uid": ["uid-1"],
  },
};
const good = { authenticated: true, audiences: [AUDIENCE], user };
const sidecar = { initContainers: [{ name: "weir-sidecar" }], containers: [{ name: "app" }] };
const alive = { metadata: { name: "api", namespace: "shop", uid: "uid-1" }, spec: sidecar, status: {} };

/** A fake API server that reviews every token alike and has one pod. */
function fakeApi(review: object = good, pod: object | null = alive) {
  const calls: string[] = [];
  const answer = (status: number, body: unknown): KubeAnswer => ({ status, body, retryAfterMs: null });
  const now = { review, pod, down: false };
  const api: KubeApi = {
    async call({ method = "GET", path }: KubeCall) {
      calls.push(`${method} ${path}`);
      if (now.down) throw new Error("no answer");
      if (method === "POST") return answer(201, { status: now.review });
      return now.pod === null ? answer(404, {}) : answer(200, now.pod);
    },
    stream: () => Promise.reject(new Error("not here")),
    close() {},
  };
  return { api, calls, now };
}

async function serve(fake = fakeApi(), more: { waitingMax?: number } = {}) {
  let nowMs = 0;
  const monotonicMs = () => nowMs;
  const bundles = servedBundles();
  const applied = appliedBook(monotonicMs);
  const stopping = new AbortController();
  const server = Fastify();
  const tokens = podTokens({ api: fake.api, audience: AUDIENCE, nowMs: monotonicMs, monotonicMs });
  await server.register(bundleRoutes({ tokens, bundles, applied, stopping: stopping.signal, ...more }));
  const get = (headers: Record<string, string> = {}, wait = 0, remoteAddress = "10.0.0.1") =>
    server.inject({ url: `/v1/bundle?wait=${wait}`, headers: { ...bearer(token), ...headers }, remoteAddress });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { ...fake, bundles, applied, stopping, server, get, pass };
}

test("the bundle comes whole, then 304 for those that have it", async () => {
  const { bundles, get } = await serve();
  bundles.offer("shop", text(1), [key.public]);
  const first = await get();
  expect([first.statusCode, first.body]).toEqual([200, text(1)]);
  const again = await get({ "if-none-match": String(first.headers.etag) });
  expect([again.statusCode, again.body]).toEqual([304, ""]);
});

test("before there is one the answer is 503, and a wait ends as soon as there is", async () => {
  const { bundles, get } = await serve();
  expect((await get()).statusCode).toBe(503);
  const waiting = get({}, 50);
  while (bundles.waiting() === 0) await new Promise(setImmediate);
  bundles.offer("billing", wrap({ ...at(1), namespace: "billing" }, key), [key.public]);
  expect(bundles.waiting()).toBe(1);
  bundles.offer("shop", text(1), [key.public]);
  expect((await waiting).statusCode).toBe(200);
  expect(bundles.waiting()).toBe(0);
});

test("stopping ends all waits", async () => {
  const { bundles, get, stopping } = await serve();
  bundles.offer("shop", text(1), [key.public]);
  const { etag } = (await get()).headers;
  const waiting = get({ "if-none-match": String(etag) }, 50);
  while (bundles.waiting() === 0) await new Promise(setImmediate);
  stopping.abort();
  expect((await waiting).statusCode).toBe(304);
});

test.each([
  ["a token that is not good", 401, { authenticated: false }, alive],
  ["an API server that does not know audiences", 401, { authenticated: true, user }, alive],
  ["another audience", 401, { ...good, audiences: ["https://kubernetes.default.svc"] }, alive],
  ["a token that is bound to no pod", 403, { ...good, user: { username: user.username, extra: {} } }, alive],
  ["no account at all", 403, { ...good, user: { ...user, username: "admin" } }, alive],
  ["a pod that is gone", 403, good, null],
  ["another pod of that name", 403, good, { ...alive, metadata: { ...alive.metadata, uid: "uid-2" } }],
  ["a pod that is being deleted", 403, good, { ...alive, metadata: { ...alive.metadata, deletionTimestamp: "now" } }],
  ["a pod that has ended", 403, good, { ...alive, status: { phase: "Succeeded" } }],
  ["a pod without our sidecar", 403, good, { ...alive, spec: { containers: [{ name: "app" }] } }],
])("refused: %s", async (_, status, review, pod) => {
  const { bundles, get, applied } = await serve(fakeApi(review, pod));
  bundles.offer("shop", text(1), [key.public]);
  const answer = await get({ "weir-applied": `sha256:${"0".repeat(64)}` });
  expect([answer.statusCode, Object.keys(answer.json())]).toEqual([status, ["error"]]);
  expect(answer.body).not.toContain(token);
  expect(applied.counts()).toEqual({});
});

test("no token, or what is none, is refused without asking", async () => {
  const { get, calls } = await serve();
  expect((await get({ authorization: "" })).statusCode).toBe(401);
  expect((await get({ authorization: "Basic abc" })).statusCode).toBe(401);
  expect((await get({ authorization: `Bearer ${"x".repeat(20_000)}` })).statusCode).toBeGreaterThanOrEqual(400);
  expect(calls).toEqual([]);
});

test("a good token is asked about once a minute, a bad one every five seconds; trouble is not remembered", async () => {
  const { get, calls, pass, now } = await serve();
  const review = "POST /apis/authentication.k8s.io/v1/tokenreviews";
  await Promise.all([get(), get(), get()]);
  expect(calls).toEqual([review, "GET /api/v1/namespaces/shop/pods/api"]);
  pass(61_000);
  now.pod = null;
  expect((await get()).statusCode).toBe(403);
  expect((await get()).statusCode).toBe(403);
  expect(calls).toHaveLength(4);
  pass(6_000);
  now.down = true;
  expect((await get()).statusCode).toBe(503);
  now.down = false;
  now.pod = alive;
  expect((await get()).json()).toEqual({ error: "there is no bundle of namespace shop yet" });
});

test("an older bundle, or one that somebody else signed, is not served; a deleted one not any more", async () => {
  const { bundles, get } = await serve();
  const stranger = wrap(at(9), signingKey(newSigningKeyPem()));
  bundles.offer("shop", text(5), [key.public]);
  expect(bundles.offer("shop", text(4, "east"), [key.public])).toMatch(/older/);
  expect(bundles.offer("shop", stranger, [key.public])).toMatch(/does not know/);
  expect((await get()).body).toBe(text(5));
  bundles.offer("shop", undefined, [key.public]);
  expect((await get()).statusCode).toBe(503);
  expect(bundles.offer("shop", text(4), [key.public])).toMatch(/older/);
});

test("what sidecars run is counted by pod, and forgotten once they stop asking", async () => {
  const version = `sha256:${"1".repeat(64)}`;
  const { get, applied, pass } = await serve();
  await get({ "weir-applied": version });
  await get({ "weir-applied": version });
  expect(applied.counts()).toEqual({ shop: { [version]: 1 } });
  await get({ "weir-applied": "anything else" });
  expect(applied.counts()).toEqual({});
  await get({ "weir-applied": version });
  pass(181_000);
  expect(applied.counts()).toEqual({});
});

test("one pod cannot hold many waits, and has its places back when they end", async () => {
  const { bundles, get } = await serve();
  const waits = Array.from({ length: 4 }, () => get({}, 30));
  while (bundles.waiting() < 4) await new Promise((resolve) => setImmediate(resolve));
  const more = await get({}, 30);
  expect([more.statusCode, more.headers["retry-after"]]).toEqual([429, "5"]);
  bundles.offer("shop", text(1), [key.public]);
  expect((await Promise.all(waits)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
  expect((await get({}, 30)).statusCode).toBe(200);
});

test.each([
  ["no JWT", "some.token"],
  ["four parts", `${token}.c2ln`],
  ["parts that are no JSON", "a.b.c"],
  ["another audience", jwt({ ...claims, aud: ["https://kubernetes.default.svc"] })],
  ["no end", jwt({ ...claims, exp: undefined })],
  ["an end that is over", jwt({ ...claims, exp: -3600 })],
  ["no pod", jwt({ ...claims, "kubernetes.io": { namespace: "shop" } })],
])("what cannot be a pod's token of ours is refused without asking: %s", async (_, text) => {
  const { get, calls } = await serve();
  expect([401, 403]).toContain((await get(bearer(text))).statusCode);
  expect(calls).toEqual([]);
});

test("made-up tokens cost a few reviews for each address, then 429; a known pod behind the same address is heard", async () => {
  const fake = fakeApi();
  const { bundles, get, calls, pass } = await serve(fake);
  bundles.offer("shop", text(1), [key.public]);
  expect((await get()).statusCode).toBe(200);
  pass(61_000); // its token must be asked about again, from an address that has used up its own
  fake.now.review = { authenticated: false };
  const madeUp = (n: number) => bearer(jwt({ ...claims, "kubernetes.io": { pod: { uid: `made-up-${n}` } } }, `s${n}`));
  const answers: number[] = [];
  for (let n = 0; n < 30; n++) answers.push((await get(madeUp(n))).statusCode);
  expect(answers).toEqual([...Array(20).fill(401), ...Array(10).fill(429)]);
  expect((await get(madeUp(99))).headers["retry-after"]).toBe("30");
  expect((await get(madeUp(99), 0, "10.0.0.2")).statusCode).toBe(401);
  fake.now.review = good;
  expect((await get()).statusCode).toBe(200);
  expect(calls.filter((call) => call.startsWith("POST"))).toHaveLength(23);
  pass(2_000);
  expect((await get(madeUp(99))).statusCode).not.toBe(429);
});

test("no number of bad tokens drives a good one out of memory", async () => {
  const fake = fakeApi();
  const { bundles, get, calls } = await serve(fake);
  bundles.offer("shop", text(1), [key.public]);
  await get();
  fake.now.review = { authenticated: false };
  for (let n = 0; n < 6_000; n++) await get(bearer(jwt(claims, `s${n}`)), 0, `10.1.${n >> 8}.${n & 255}`);
  const asked = calls.length;
  expect((await get()).statusCode).toBe(200);
  expect(calls).toHaveLength(asked);
});

test("when all places are taken, whoever has the newest bundle is told to come back, and whoever has not gets it", async () => {
  const { bundles, get } = await serve(fakeApi(), { waitingMax: 1 });
  bundles.offer("shop", text(1), [key.public]);
  const { etag } = (await get()).headers;
  const waits = get({ "if-none-match": String(etag) }, 30);
  while (bundles.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));
  const more = await get({ "if-none-match": String(etag) }, 30);
  expect([more.statusCode, more.headers["retry-after"]]).toEqual([503, "30"]);
  expect((await get({}, 30)).statusCode).toBe(200);
  expect((await get({ "if-none-match": String(etag) })).statusCode).toBe(304);
  bundles.offer("shop", text(2, "east"), [key.public]);
  expect((await waits).statusCode).toBe(200);
});
