// ServiceAccount tokens by TokenReview: what the API server says counts, now and later.
import { createReviewer, type ReviewStatus } from "../../pkg/identity/token-review.ts";

const good: ReviewStatus = {
  authenticated: true,
  audiences: ["weir"],
  user: {
    username: "system:serviceaccount:shop:orders",
    extra: { "authentication.kubernetes.io/pod-name": ["orders-1"] },
  },
};

function reviewer(answer: () => ReviewStatus, nowMs = () => 0) {
  return createReviewer({ review: async () => answer(), audience: "weir", cluster: "prod", nowMs });
}

test("the account is the principal, with its pod and its cluster", async () => {
  expect(await reviewer(() => good).verify("token")).toMatchObject({
    ok: true,
    principal: {
      kind: "Service",
      name: "shop/orders",
      serviceAccount: "shop/orders",
      issuer: "kubernetes/prod",
      assurance: "L2",
      claims: { cluster: "prod", pod: "orders-1" },
    },
  });
});

test.each<[string, ReviewStatus]>([
  ["signature", {}],
  ["signature", { ...good, authenticated: false }],
  ["audience", { ...good, audiences: ["https://kubernetes.default.svc"] }],
  ["audience", { authenticated: true, user: { username: "system:serviceaccount:shop:orders" } }],
  ["claims", { ...good, user: { username: "system:admin" } }],
])("%s: %j", async (reason, status) => {
  expect(await reviewer(() => status).verify("token")).toMatchObject({ ok: false, reason });
});

test("an API server that does not answer vouches for nothing new, and for a while for what it has seen", async () => {
  let nowMs = 0;
  let answer = () => good;
  const verifier = reviewer(
    () => answer(),
    () => nowMs,
  );
  const found = await verifier.verify("token");
  if (!found.ok) throw new Error(found.reason);
  answer = () => {
    throw new Error("no route");
  };
  expect(await verifier.verify("token")).toMatchObject({ ok: false, reason: "keysUnavailable" });
  nowMs = 500_000;
  expect(found.identity.at(nowMs).holds).toBe(true);
  nowMs = 600_000;
  expect(found.identity.at(nowMs).holds).toBe(false);
});

test("an account that is deleted lapses after the next look", async () => {
  let answer: ReviewStatus = good;
  const found = await reviewer(() => answer).verify("token");
  if (!found.ok) throw new Error(found.reason);
  answer = { authenticated: false };
  found.identity.at(60_000);
  await new Promise(setImmediate);
  expect(found.identity.at(60_001)).toMatchObject({ holds: false, lapse: { reason: "revoked" } });
});
