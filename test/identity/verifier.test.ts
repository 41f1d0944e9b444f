// Which tokens count, and what they become. Real signatures of a real issuer on loopback.
import { createHmac, createPublicKey } from "node:crypto";
import { SignJWT } from "jose";
import type { RefusedToken } from "../../pkg/identity/refused-token.ts";
import type { VerifiedToken } from "../../pkg/identity/verifier.ts";
import { issuerFor, plainMapping, verifierFor } from "../support/identity-settings.ts";
import { type IssuerKey, newKey, startIssuer, type TestIssuer } from "../support/issuer.ts";

let issuer: TestIssuer;
let stranger: TestIssuer;
let elliptic: IssuerKey;

beforeAll(async () => {
  [issuer, stranger] = await Promise.all([startIssuer(), startIssuer()]);
  elliptic = await newKey("curve", "ES256");
  issuer.publish([issuer.key.publicJwk, elliptic.publicJwk]);
});

afterAll(async () => {
  await issuer.stop();
  await stranger.stop();
});

const now = () => Math.floor(Date.now() / 1000);
const reasonOf = (found: VerifiedToken | RefusedToken) => (found.ok ? "counts" : found.reason);
const verify = async (token: string, changed = {}) => verifierFor([issuerFor(issuer, changed)]).verify(token);

async function good(claims: Readonly<Record<string, unknown>> = {}, changed = {}) {
  const found = await verify(await issuer.token(claims), changed);
  if (!found.ok) throw new Error(found.reason);
  return found.principal;
}

test("a token of the issuer becomes a principal with what the configuration maps", async () => {
  const claims = { groups: ["analysts"], azp: "psql", department: "fraud", secret: "x", amr: ["pwd", "mfa"] };
  expect(await good(claims)).toEqual({
    kind: "Human",
    name: "ana",
    issuer: issuer.url,
    groups: ["analysts"],
    assurance: "L3",
    login: "",
    client: "psql",
    claims: { department: "fraud" },
  });
});

test("elliptic curves count where the issuer may use them", async () => {
  expect(reasonOf(await verify(await issuer.token({}, { key: elliptic })))).toBe("counts");
  expect(reasonOf(await verify(await issuer.token({}, { key: elliptic }), { algorithms: ["RS256"] }))).toBe(
    "algorithm",
  );
});

test("who acts is the principal, and those for whom are the chain, nearest first", async () => {
  const act = { sub: "robo", act: { sub: "planner", groups: ["bots"] } };
  const acting = await good({ act, acr: "phr", groups: ["analysts"] });
  expect(acting).toMatchObject({ kind: "Agent", name: "robo", assurance: "L2", groups: [] });
  expect(acting.actingFor).toMatchObject({ kind: "Agent", name: "planner", groups: ["bots"] });
  expect(acting.actingFor?.actingFor).toMatchObject({
    kind: "Human",
    name: "ana",
    assurance: "L3",
    groups: ["analysts"],
  });
});

test("a chain that is too deep, has no name or one of another issuer is refused", async () => {
  const deep = Array.from({ length: 9 }).reduce<object>((act) => ({ sub: "robo", act }), { sub: "robo" });
  for (const act of [deep, {}, "robo", { sub: "" }, { sub: "robo", iss: stranger.url }])
    expect(reasonOf(await verify(await issuer.token({ act })))).toBe("delegation");
  expect(reasonOf(await verify(await issuer.token({ act: { sub: "robo", iss: issuer.url } })))).toBe("counts");
});

test("the kind may come from a claim, and an unknown word refuses", async () => {
  const mapping = { ...plainMapping, kindClaim: { claim: "profile.kind", values: { bot: "Agent" as const } } };
  expect((await good({ profile: { kind: "bot" } }, { mapping })).kind).toBe("Agent");
  expect((await good({}, { mapping })).kind).toBe("Human");
  expect(reasonOf(await verify(await issuer.token({ profile: { kind: "root" } }), { mapping }))).toBe("claims");
});

test("a ServiceAccount token is the account", async () => {
  const mapping = { form: "kubernetes" as const, cluster: "prod" };
  const sub = "system:serviceaccount:shop:orders";
  const bound = { namespace: "shop", pod: { name: "orders-1", uid: "u" } };
  expect(await good({ sub, "kubernetes.io": bound }, { mapping })).toMatchObject({
    kind: "Service",
    name: "shop/orders",
    serviceAccount: "shop/orders",
    groups: ["system:serviceaccounts", "system:serviceaccounts:shop"],
    claims: { cluster: "prod", pod: "orders-1" },
  });
  expect(reasonOf(await verify(await issuer.token({ sub: "ana" }), { mapping }))).toBe("claims");
});

const unsigned = (header: object, claims: object) =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");

test("none, in every spelling, is refused", async () => {
  const claims = { iss: issuer.url, aud: "weir://shop/main", sub: "ana", exp: now() + 60 };
  for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
    const text = unsigned({ alg, typ: "JWT" }, claims);
    expect(reasonOf(await verify(`${text}.`))).toBe("algorithm");
    expect(reasonOf(await verify(`${text}.AAAA`))).toBe("algorithm");
  }
});

test("the public key is no shared secret (algorithm confusion)", async () => {
  const claims = { iss: issuer.url, aud: "weir://shop/main", sub: "ana", exp: now() + 60 };
  const pem = createPublicKey({ key: issuer.key.publicJwk as never, format: "jwk" });
  for (const secret of [
    pem.export({ type: "spki", format: "pem" }),
    pem.export({ type: "spki", format: "der" }),
    JSON.stringify(issuer.key.publicJwk),
  ]) {
    const text = unsigned({ alg: "HS256", typ: "JWT", kid: "first" }, claims);
    const signature = createHmac("sha256", secret).update(text).digest("base64url");
    expect(reasonOf(await verify(`${text}.${signature}`))).toBe("algorithm");
  }
});

test("an algorithm of another family is not taken for the key", async () => {
  const token = await issuer.token({}, { header: { alg: "PS256" } }).catch(() => null);
  if (token !== null) expect(reasonOf(await verify(token))).toBe("algorithm");
  const [, claims, signature] = (await issuer.token()).split(".");
  const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: "first" })).toString("base64url");
  expect(reasonOf(await verify(`${header}.${claims}.${signature}`))).toBe("unknownKey");
});

test("keys that the token brings along are not looked at", async () => {
  const own = await newKey("first");
  const header = { jwk: own.publicJwk, jku: `${stranger.url}/keys` };
  expect(reasonOf(await verify(await issuer.token({}, { key: own, header })))).toBe("signature");
  const other = await newKey("mine");
  expect(reasonOf(await verify(await issuer.token({}, { key: other, header })))).toBe("unknownKey");
});

test("weak and symmetric keys of a JWKS are not used", async () => {
  const weak = { kty: "oct", k: "c2VjcmV0", kid: "first", alg: "HS256" };
  const other = await startIssuer();
  other.publish([weak]);
  const token = await new SignJWT({ iss: other.url, aud: "weir://shop/main", sub: "ana", exp: now() + 60 })
    .setProtectedHeader({ alg: "HS256", kid: "first" })
    .sign(Buffer.from("secret"));
  expect(reasonOf(await verifierFor([issuerFor(other)]).verify(token))).toBe("algorithm");
  await other.stop();
});

test.each([
  ["audience", { aud: "https://elsewhere" }],
  ["audience", { aud: undefined }],
  ["audience", { aud: [] }],
  ["expired", { exp: now() - 31 }],
  ["notYet", { nbf: now() + 60 }],
  ["notYet", { iat: now() + 60 }],
  ["lifetime", { exp: undefined }],
  ["lifetime", { exp: now() + 90_000 }],
  ["claims", { exp: "never" }],
  ["claims", { sub: undefined }],
  ["claims", { sub: "a\u0000b" }],
  ["claims", { sub: "x".repeat(257) }],
  ["claims", { groups: { admin: true } }],
  ["claims", { groups: Array.from({ length: 257 }, (_, n) => `g${n}`) }],
  ["claims", { _claim_names: { groups: "src1" } }],
  ["restrictions", { authorization_details: [{ type: "weir", tabels: ["public.orders"] }] }],
  ["restrictions", { authorization_details: [{ type: "weir", actions: ["drop"] }] }],
  ["restrictions", { authorization_details: [{ type: "weir", rows: -1 }] }],
  ["restrictions", { authorization_details: "all" }],
])("%s: %j", async (reason, claims) => {
  expect(reasonOf(await verify(await issuer.token(claims)))).toBe(reason);
});

test("clocks may differ a little", async () => {
  expect(reasonOf(await verify(await issuer.token({ exp: now() - 10, nbf: now() + 10 })))).toBe("counts");
});

test("a token of an issuer that is not listed, or that only says that it is of one, does not count", async () => {
  expect(reasonOf(await verify(await stranger.token()))).toBe("issuer");
  const pretended = await stranger.token({ iss: issuer.url }, { key: { ...stranger.key, kid: "first" } });
  expect(reasonOf(await verify(pretended))).toBe("signature");
});

test("tokens of other types do not count", async () => {
  for (const typ of ["logout+jwt", "dpop+jwt", "refresh"])
    expect(reasonOf(await verify(await issuer.token({}, { header: { typ } })))).toBe("type");
});

test("what is no token is refused without a word of it", async () => {
  for (const text of [
    "",
    "a",
    "a.b",
    "a.b.c",
    "..",
    "é.é.é",
    "secret password",
    "x".repeat(20_000),
    `${"a.".repeat(9)}a`,
  ]) {
    const found = await verify(text);
    expect(found.ok).toBe(false);
    if (!found.ok && text.length > 3) expect(JSON.stringify(found)).not.toContain(text);
  }
});

test("a token that counts once does not count again, and one without an id not at all", async () => {
  const verifier = verifierFor([issuerFor(issuer, { once: true })]);
  const token = await issuer.token({ jti: "one" });
  expect(reasonOf(await verifier.verify(token))).toBe("counts");
  expect(reasonOf(await verifier.verify(token))).toBe("replayed");
  expect(reasonOf(await verifier.verify(await issuer.token()))).toBe("claims");
});

test("grants are what the elements of type weir say", async () => {
  const authorization_details = [
    { type: "payment", amount: 1 },
    { type: "weir", actions: ["read", "write"], tables: ["public.orders"], rows: 10, expires: 1_900_000_000 },
  ];
  expect((await good({ authorization_details })).grants).toEqual([
    {
      databases: null,
      actions: ["read", "insert", "update", "delete"],
      tables: ["public.orders"],
      rowsMax: 10,
      notAfterMs: 1_900_000_000_000,
    },
  ]);
});
