// The settings of `identity`, and what logins are proved by with them.
import { readConfig } from "../../cmd/sidecar/config.ts";
import { identifyBy } from "../../cmd/sidecar/identify.ts";
import type { Values } from "../../cmd/sidecar/settings.ts";
import { certificateNames, tokenSecret, verifierOf } from "../../cmd/sidecar/tokens.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";

const base = 'listeners: [{listen: "127.0.0.1:5433", database: shop/orders}]\npolicies: /p\nspool: {folder: /s}\n';
const read = (yaml: string) =>
  readConfig(["--config", "/c.yaml"], {
    env: {},
    readFile: () => Buffer.from(`${base}${yaml}`.padEnd(64)),
    version: "1",
  });

function good(yaml: string): Values {
  const outcome = read(yaml);
  if (outcome.do !== "run") throw new Error(JSON.stringify(outcome));
  return outcome.config;
}

function problems(yaml: string): readonly string[] {
  const outcome = read(yaml);
  return outcome.do === "refuse" ? outcome.problems : [];
}

const lines: string[] = [];
const world = {
  clock: systemClock,
  random: systemRandom,
  logger: { log: (...line: unknown[]) => void lines.push(JSON.stringify(line)) },
  version: "1",
};

test("an issuer needs its name and its audiences, and has good values for the rest", () => {
  const config = good('identity: {issuers: [{issuer: "https://id.example", audiences: [weir]}]}');
  expect(config["identity.issuers"]).toEqual([
    {
      name: "https://id.example",
      keys: { kind: "url", url: null, caFile: null },
      audiences: ["weir"],
      algorithms: ["RS256", "ES256"],
      types: ["jwt", "at+jwt"],
      skewSeconds: 30,
      lifeSecondsMax: 86_400,
      once: false,
      mapping: {
        form: "claims",
        kind: "Human",
        kindClaim: null,
        actorKind: "Agent",
        name: "sub",
        groups: "groups",
        client: "azp",
        claims: [],
        mfa: { acr: [], amr: [] },
      },
    },
  ]);
});

test("kinds by claim, and clusters", () => {
  const [first, second] = good(`identity:
  issuers:
    - {issuer: "https://id.example", audiences: [weir], kindClaim: {claim: type, Agent: [bot, ai], Service: [job]}}
    - {issuer: cluster, audiences: [weir], kubernetes: prod, keysFile: /jwks}
`)["identity.issuers"];
  expect(first!.mapping).toMatchObject({
    kindClaim: { claim: "type", values: { bot: "Agent", ai: "Agent", job: "Service" } },
  });
  expect(second).toMatchObject({
    keys: { kind: "file", file: "/jwks" },
    mapping: { form: "kubernetes", cluster: "prod" },
  });
});

test.each([
  ["[0].audiences: name at least one", '{issuer: "https://a"}'],
  ["[0].issuer: write a text that is not empty", "{audiences: [a], keysFile: /k}"],
  ["issuer: write an address that begins with https://", '{issuer: "http://id.example", audiences: [a]}'],
  [
    "keysUrl: write an address that begins with https://",
    '{issuer: a, audiences: [a], keysUrl: "http://id.example/keys"}',
  ],
  ["[0].algorithms: write one of RS256", '{issuer: "https://a", audiences: [a], algorithms: [HS256]}'],
  ["[0].algorithms: write one of RS256", '{issuer: "https://a", audiences: [a], algorithms: [none]}'],
  ["[0].skewSeconds: write a whole number from 0 to 60", '{issuer: "https://a", audiences: [a], skewSeconds: 300}'],
  ["give keysFile alone", '{issuer: a, audiences: [a], keysFile: /k, keysUrl: "https://a/k"}'],
  ["is named twice", '{issuer: "https://a", audiences: [a]}, {issuer: "https://a", audiences: [a]}'],
  ["there is no such field", '{issuer: "https://a", audience: a}'],
])("refused: %s", (told, issuer) => {
  expect(problems(`identity: {issuers: [${issuer}]}`).join("\n")).toContain(told);
});

test("what does not hang together is told", () => {
  expect(problems("identities: {ana: {kind: Human, token: true}}").join()).toContain(
    "identities.ana.token is set although identity.issuers is not",
  );
  expect(problems('identity: {certificates: [{name: "URI:spiffe://a", kind: Service}]}').join()).toContain(
    "tls.clientCa",
  );
  expect(problems("identity: {certificates: [{name: ana, kind: Human}]}").join()).toContain(
    "write URI:, DNS: or EMAIL:",
  );
});

test("development identities count when the configuration says so, without any proof, and the log says so", async () => {
  expect(verifierOf(good(""), world)).toBeNull();
  const config = good("identity: {development: {ana-dev: {kind: Human, name: ana, groups: [analysts]}}}");
  const verifier = verifierOf(config, world)!;
  expect(lines.join()).toContain("identity.development");
  expect(await verifier.verify("weir-dev.ana-dev")).toMatchObject({
    ok: true,
    principal: { kind: "Human", name: "ana", issuer: "development", assurance: "L0", groups: ["analysts"] },
  });
  for (const token of ["weir-dev.bob", "weir-dev.__proto__", "ana-dev", "eyJ.e.e"])
    expect(await verifier.verify(token)).toMatchObject({ ok: false, reason: "issuer" });
});

test("whose tokens prove a login", () => {
  const config = good('identity: {issuers: [{issuer: "https://id.example/", audiences: [a]}], ask: OAuthBearer}');
  const verifier = verifierOf(config, world)!;
  const ana = { kind: "Human", name: "ana", issuer: "i", groups: ["analysts"], assurance: "L2", login: "" } as const;
  const robo = { ...ana, kind: "Agent", name: "robo", groups: [], actingFor: ana } as const;
  const unlisted = tokenSecret(config, verifier, "ana", null);
  expect([unlisted.ask, unlisted.tokens.discovery]).toEqual([
    "OAuthBearer",
    "https://id.example/.well-known/openid-configuration",
  ]);
  expect([unlisted.accepts(ana), unlisted.accepts(robo), unlisted.accepts({ ...ana, name: "bob" })]).toEqual([
    true,
    true,
    false,
  ]);
  const shared = tokenSecret(config, verifier, "reporting", {
    ask: "Password",
    names: ["svc-*"],
    groups: ["analysts"],
  });
  expect([
    shared.ask,
    shared.accepts(ana),
    shared.accepts(robo),
    shared.accepts({ ...ana, name: "svc-1", groups: [] }),
  ]).toEqual(["Password", true, false, true]);
});

test("names of certificates mean principals", () => {
  const config = good(`tls: {certificate: /c, key: /k, clientCa: /ca}
identity: {certificates: [{name: "URI:spiffe://prod/ns/*", kind: Service, groups: [jobs]}]}`);
  const names = certificateNames(config)!;
  const certificate = {
    problem: null,
    commonName: "x",
    alternatives: ["DNS:a", "URI:spiffe://prod/ns/shop/sa/orders"],
  };
  expect(names(certificate, "app")).toEqual({
    kind: "Service",
    name: "spiffe://prod/ns/shop/sa/orders",
    issuer: "certificate",
    groups: ["jobs"],
    assurance: "L2",
    login: "app",
  });
  expect(names({ ...certificate, alternatives: ["URI:spiffe://test/ns/shop"] }, "app")).toBeNull();
});

test("whoever comes from a loopback address of a pod that the operator vouches for is its workload", () => {
  let account: string | null = null;
  const identify = identifyBy({}, () => account);
  expect(identify("app", { by: "loopback" }).assurance).toBe("L0");
  account = "shop/orders";
  expect(identify("app", { by: "loopback" })).toMatchObject({
    assurance: "L1",
    serviceAccount: "shop/orders",
    name: "app",
  });
  expect(identify("app", { by: "password", local: true }).assurance).toBe("L1");
  expect(identify("app", { by: "password", local: false })).not.toHaveProperty("serviceAccount");
  expect(identify("app", { by: "certificate", principal: null }).assurance).toBe("L2");
});
